package io.github.sparkfinetune.spark.ml;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.hf.HadoopFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.util.DefaultParamsWriter;
import org.apache.spark.ml.util.MLWriter;

/** Saves a model: Spark ML's {@code metadata}, {@code run.yaml}, and {@code model/} as the run wrote it. */
final class ModelWriter extends MLWriter {
    private final TrainedModel<?> model;

    ModelWriter(TrainedModel<?> model) {
        this.model = model;
    }

    @Override
    public void saveImpl(String path) {
        RunConfig run = model.run();
        Configuration hadoop = sparkSession().sparkContext().hadoopConfiguration();
        Path from = new Path(run.output().model());
        Path to = new Path(path, "model");
        FileSystem source = HadoopFiles.fileSystem(from, hadoop);
        FileSystem target = HadoopFiles.fileSystem(to, hadoop);
        try {
            for (FileStatus file : source.listStatus(from)) {
                FileUtil.copy(
                        source,
                        file.getPath(),
                        target,
                        new Path(to, file.getPath().getName()),
                        false,
                        hadoop);
            }
        } catch (IOException e) {
            throw HadoopFiles.failed("can't be copied to " + to, from, e);
        }
        byte[] yaml = RunConfigLoader.toYaml(run).getBytes(StandardCharsets.UTF_8);
        HadoopFiles.write(target, new Path(path, TrainedModel.RUN_YAML), out -> out.write(yaml));
        // Last, because a reader looks for it first.
        new Metadata(model).saveImpl(path);
    }

    /** Spark ML's own file of parameters, into a folder that is there. */
    private static final class Metadata extends DefaultParamsWriter {
        Metadata(TrainedModel<?> model) {
            super(model);
        }

        @Override
        public void saveImpl(String path) {
            super.saveImpl(path);
        }
    }
}
