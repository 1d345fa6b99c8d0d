package io.github.sparkfinetune.spark.ml;

import io.github.sparkfinetune.data.hf.HadoopFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.Predicate;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.param.Params;
import org.apache.spark.ml.util.DefaultParamsWriter;
import org.apache.spark.ml.util.MLWriter;

/** Saves a stage with its model: Spark ML's {@code metadata}, texts, and {@code model/}, the files of a folder. */
final class FolderWriter extends MLWriter {
    /** The folder of the model, in the saved one. */
    static final String MODEL = "model";

    private final Params stage;
    private final String folder;
    private final Predicate<String> kept;
    private final Map<String, String> texts;

    /**
     * @param folder of the model
     * @param kept whether a file of it is saved, by its name
     * @param texts that are saved beside it, by the names of their files
     */
    FolderWriter(Params stage, String folder, Predicate<String> kept, Map<String, String> texts) {
        this.stage = stage;
        this.folder = folder;
        this.kept = kept;
        this.texts = texts;
    }

    @Override
    public void saveImpl(String path) {
        Configuration hadoop = sparkSession().sparkContext().hadoopConfiguration();
        Path from = new Path(folder);
        Path to = new Path(path, MODEL);
        FileSystem source = HadoopFiles.fileSystem(from, hadoop);
        FileSystem target = HadoopFiles.fileSystem(to, hadoop);
        try {
            for (FileStatus file : source.listStatus(from)) {
                if (file.isFile() && kept.test(file.getPath().getName())) {
                    FileUtil.copy(
                            source,
                            file.getPath(),
                            target,
                            new Path(to, file.getPath().getName()),
                            false,
                            hadoop);
                }
            }
        } catch (IOException e) {
            throw HadoopFiles.failed("can't be copied to " + to, from, e);
        }
        texts.forEach((name, text) -> HadoopFiles.write(
                target, new Path(path, name), out -> out.write(text.getBytes(StandardCharsets.UTF_8))));
        // Last, because a reader looks for it first.
        new Metadata(stage).saveImpl(path);
    }

    /** Spark ML's own file of parameters, into a folder that is there. */
    private static final class Metadata extends DefaultParamsWriter {
        Metadata(Params stage) {
            super(stage);
        }

        @Override
        public void saveImpl(String path) {
            super.saveImpl(path);
        }
    }
}
