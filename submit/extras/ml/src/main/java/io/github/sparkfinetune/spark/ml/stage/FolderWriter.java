package io.github.sparkfinetune.spark.ml.stage;

import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.hf.SentenceTransformerFiles;
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

/**
 * Saves a stage with its model. The folder has Spark ML's {@code metadata}, text files, and the folder {@code model/}
 * with the files of the model.
 */
public final class FolderWriter extends MLWriter {
    /** Folder of the model in the saved folder. */
    public static final String MODEL = "model";

    private final Params stage;
    private final String folder;
    private final Predicate<String> kept;
    private final Map<String, String> texts;

    /**
     * @param folder folder of the model
     * @param kept whether a file of the model is saved, by its name
     * @param texts texts that are saved beside the model, by file name
     */
    public FolderWriter(Params stage, String folder, Predicate<String> kept, Map<String, String> texts) {
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
            Path pooling = new Path(from, SentenceTransformerFiles.POOLING);
            if (kept.test(pooling.getName()) && source.exists(pooling)) {
                FileUtil.copy(source, pooling, target, new Path(to, SentenceTransformerFiles.POOLING), false, hadoop);
            }
        } catch (IOException e) {
            throw HadoopFiles.failed("cannot be copied to " + to, from, e);
        }
        texts.forEach((name, text) -> HadoopFiles.write(
                target, new Path(path, name), out -> out.write(text.getBytes(StandardCharsets.UTF_8))));
        writeParams(stage, path);
    }

    /** Writes Spark ML's file of parameters into an existing folder: last, because a reader looks for it first. */
    public static void writeParams(Params stage, String path) {
        new Metadata(stage).saveImpl(path);
    }

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
