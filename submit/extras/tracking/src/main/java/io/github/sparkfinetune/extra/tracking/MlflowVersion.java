package io.github.sparkfinetune.extra.tracking;

import io.github.sparkfinetune.data.dataset.Manifests;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.spark.listener.CommandOnRun;
import io.github.sparkfinetune.spark.run.ModelDigest;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.Path;

/**
 * The run's model as a version of {@code training.registered_model_name}.
 *
 * @param name name of the registered model
 * @param hash hash of the model folder
 * @param tags tags of the version: {@code model_sha256}, {@code dataset_sha256} and {@code output_dir}
 */
record MlflowVersion(String name, String hash, Map<String, String> tags) {
    static final String HASH = "model_sha256";

    /** Returns the version of the run's model; empty if no model is registered or the run has none yet. */
    static Optional<MlflowVersion> of(CommandOnRun command) throws IOException {
        String name = command.run().training().registeredModelName();
        if (name == null) {
            return Optional.empty();
        }
        Optional<ModelDigest> digest = ModelDigest.of(command.output("model"), command.hadoop());
        if (digest.isEmpty()) {
            return Optional.empty();
        }
        Map<String, String> tags = new LinkedHashMap<>();
        tags.put(HASH, digest.get().hash());
        dataset(command).ifPresent(hash -> tags.put("dataset_sha256", hash));
        tags.put(
                "output_dir",
                AbsolutePaths.of("output.dir", command.run().output().dir(), command.hadoop()));
        return Optional.of(new MlflowVersion(name, digest.get().hash(), tags));
    }

    private static Optional<String> dataset(CommandOnRun command) throws IOException {
        Optional<Path> file = Manifests.file(command.run(), command.hadoop());
        return file.isEmpty()
                ? Optional.empty()
                : Optional.of(ModelDigest.sha256(
                        HadoopFiles.readText(HadoopFiles.fileSystem(file.get(), command.hadoop()), file.get())));
    }
}
