package io.github.sparkfinetune.spark.run;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.hf.HadoopFiles;
import io.github.sparkfinetune.data.hub.HubName;
import io.github.sparkfinetune.data.hub.HubUpload;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Uploads the model that a run has trained to the Hugging Face Hub; the driver does it alone. */
public final class PushJob {
    private PushJob() {}

    /**
     * Uploads the model, or its adapter.
     *
     * @param isPrivate whether a repository that is made is private
     * @return the commit
     * @throws RunException if the run has no model yet, or as {@link HubUpload#push}
     */
    public static String run(RunConfig config, HubName name, boolean isPrivate, HubUpload hub, Configuration hadoop) {
        Path folder = new Path(RunPaths.absolute(config, hadoop).output().model());
        FileSystem files = HadoopFiles.fileSystem(folder, hadoop);
        try {
            List<HubUpload.Source> sources = Arrays.stream(files.listStatus(folder))
                    .filter(file -> file.isFile() && !file.getPath().getName().startsWith("."))
                    .<HubUpload.Source>map(file -> new Source(files, file.getPath(), file.getLen()))
                    .toList();
            return hub.push(name, isPrivate, "Fine-tuned by spark-finetune", sources);
        } catch (FileNotFoundException e) {
            throw RunException.data("push: there is no model at " + folder + ": train it first", e);
        } catch (IOException e) {
            throw new UncheckedIOException(folder + " can not be read: " + e.getMessage(), e);
        }
    }

    private record Source(FileSystem files, Path path, long size) implements HubUpload.Source {
        @Override
        public String name() {
            return path.getName();
        }

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
