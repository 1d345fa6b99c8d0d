package io.github.sparkfinetune.extra.tracking;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.Http;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.spark.listener.CommandOnRun;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * File of the output folder, or a file that is made for a tracker.
 *
 * @param name path of the file in the output folder
 * @param body content of the file
 */
record Artifact(String name, Http.Body body) {
    private static final Logger LOG = LoggerFactory.getLogger(Artifact.class);
    private static final String MODEL = "model";
    private static final String RUN = "run.yaml";
    private static final String METRICS = "metrics.json";
    private static final String REPORT = "report.html";

    /**
     * Returns the existing files of the output folder. None holds a text of the data: {@code run.yaml} and
     * {@code metrics.json} are written without texts, and the report, which shows texts, is left out.
     *
     * @param model whether the files of the model are included
     */
    static List<Artifact> of(CommandOnRun command, List<String> names, boolean model) throws IOException {
        List<Artifact> artifacts = new ArrayList<>();
        FileSystem files = HadoopFiles.fileSystem(command.output(MODEL), command.hadoop());
        for (String name : names) {
            if (files.exists(command.output(name))) {
                switch (name) {
                    case RUN ->
                        artifacts.add(new Artifact(
                                name,
                                Http.Body.of(RunConfigLoader.toYaml(RunConfigLoader.withoutData(command.run())))));
                    case METRICS ->
                        artifacts.add(new Artifact(name, Http.Body.of(figures(files, command.output(name)))));
                    case REPORT -> LOG.debug("{} holds texts", name);
                    default -> add(artifacts, files, command.output(name), name);
                }
            }
        }
        if (model) {
            add(artifacts, files, command.output(MODEL), MODEL);
        }
        return artifacts;
    }

    /** Returns the metrics without answers and examples of held-out rows. */
    private static String figures(FileSystem files, Path metrics) throws IOException {
        JsonNode tree = JsonFiles.parseObject(HadoopFiles.readText(files, metrics), metrics.toString());
        for (JsonNode parent : tree.findParents("answers")) {
            ((ObjectNode) parent).remove("answers");
        }
        for (JsonNode parent : tree.findParents("examples")) {
            ((ObjectNode) parent).remove("examples");
        }
        return tree.toPrettyString();
    }

    private static void add(List<Artifact> artifacts, FileSystem files, Path path, String name) throws IOException {
        try {
            for (FileStatus file : files.listStatus(path)) {
                String found = file.getPath().getName();
                if (file.isDirectory() && !found.startsWith(".")) {
                    add(artifacts, files, file.getPath(), name + "/" + found);
                } else if (file.isFile() && !found.startsWith(".")) {
                    artifacts.add(
                            new Artifact(found.equals(name) ? name : name + "/" + found, new Stored(files, file)));
                }
            }
        } catch (FileNotFoundException e) {
            LOG.debug("there is no {}", path);
        }
    }

    long length() {
        return body.length();
    }

    /** Content of a file on a file system. */
    private record Stored(FileSystem files, FileStatus file) implements Http.Body {
        @Override
        public long length() {
            return file.getLen();
        }

        @Override
        public void writeTo(OutputStream out) throws IOException {
            try (FSDataInputStream in = files.open(file.getPath())) {
                in.transferTo(out);
            }
        }
    }
}
