package io.github.sparkfinetune.extra.hub;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.adapter.AdapterFile;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.data.hf.FolderLinks;
import io.github.sparkfinetune.data.hub.HubName;
import java.io.ByteArrayInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Uploads the trained model of a run to the Hugging Face Hub, on the driver only. */
final class PushJob {
    /** PEFT's name of the base model in an adapter's configuration. */
    private static final String BASE = "base_model_name_or_path";

    private PushJob() {}

    /**
     * Uploads the model, or its adapter.
     *
     * @param isPrivate whether a new repository is private
     * @return the commit
     * @throws RunException if the run has no model yet, if a file is a link that leaves the model folder, or as
     *     {@link HubUpload#push}
     */
    static String run(RunConfig config, HubName name, boolean isPrivate, HubUpload hub, Configuration hadoop) {
        Path folder = new Path(AbsolutePaths.of(config, hadoop).output().model());
        FileSystem files = HadoopFiles.fileSystem(folder, hadoop);
        try {
            return hub.push(name, isPrivate, "Fine-tuned by spark-finetune", sources(files, folder));
        } catch (FileNotFoundException e) {
            throw RunException.data("push: there is no model at " + folder + ": train it first", e);
        } catch (IOException e) {
            throw new UncheckedIOException(folder + " cannot be read: " + e.getMessage(), e);
        }
    }

    static List<HubUpload.Source> sources(FileSystem files, Path folder) throws IOException {
        List<HubUpload.Source> sources = new ArrayList<>();
        for (FileStatus file : files.listStatus(folder)) {
            String name = file.getPath().getName();
            if (name.equals(AdapterFile.CONFIG)) {
                sources.add(new Text(name, published(HadoopFiles.readText(files, file.getPath()))));
            } else if (file.isFile() && !name.startsWith(".")) {
                requireInside(files, file.getPath());
                sources.add(new Source(files, file.getPath(), name, file.getLen()));
            } else if (file.isDirectory()) {
                for (FileStatus inside : files.listStatus(file.getPath())) {
                    requireInside(files, inside.getPath());
                    String path = name + "/" + inside.getPath().getName();
                    sources.add(new Source(files, inside.getPath(), path, inside.getLen()));
                }
            }
        }
        return sources;
    }

    /** Refuses a link, whose target is perhaps no file of the model. */
    private static void requireInside(FileSystem files, Path file) throws IOException {
        if (HadoopFiles.isLocal(files)) {
            FolderLinks.requireInside(HadoopFiles.local(file));
        }
    }

    /** Returns an adapter's configuration that names the base without its address. */
    private static byte[] published(String adapterConfig) throws IOException {
        ObjectNode settings = (ObjectNode) JsonFiles.MAPPER.readTree(adapterConfig);
        settings.put(BASE, ModelCard.nameOf(settings.path(BASE).asText()));
        return JsonFiles.pretty(settings);
    }

    private record Text(String name, byte[] content) implements HubUpload.Source {
        @Override
        public long size() {
            return content.length;
        }

        @Override
        public InputStream open(long from) {
            return new ByteArrayInputStream(content, (int) from, content.length - (int) from);
        }
    }

    private record Source(FileSystem files, Path path, String name, long size) implements HubUpload.Source {
        @Override
        public InputStream open(long from) throws IOException {
            FSDataInputStream in = files.open(path);
            try {
                in.seek(from);
                return in;
            } catch (IOException e) {
                in.close();
                throw e;
            }
        }
    }
}
