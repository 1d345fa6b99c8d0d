package io.github.sparkfinetune.extra.gguf;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.adapter.AdapterFile;
import io.github.sparkfinetune.core.adapter.MergedModel;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.ModelFolder;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Export of a language model as one GGUF file for llama.cpp and programs that build on it. An adapter is merged into
 * its full-precision base on the way. Only some rows of one tensor are in memory at a time.
 */
final class GgufExport {
    private GgufExport() {}

    /**
     * Counts of an export.
     *
     * @param tensors number of tensors
     * @param parameters number of the tensors' elements
     * @param bytes size of the file
     */
    record Exported(int tensors, long parameters, long bytes) {
        /**
         * Returns the counts in one line.
         *
         * @param type type of the file's matrices
         */
        String summary(GgufType type) {
            return String.format(
                    Locale.ROOT, "%d tensors, %,d parameters as %s, %,d MB", tensors, parameters, type, bytes >> 20);
        }
    }

    /**
     * Writes a file.
     *
     * @param base Hadoop path of the full-precision model that an adapter belongs to
     * @param method method that trained the model
     * @param model Hadoop path of the folder of the model, or of the adapter
     * @param name the model's name, for people
     * @param output Hadoop path of the file, which must not exist
     * @param localDir folder for copies from other machines, which the caller deletes
     * @throws RunException if the output exists, the model is missing, or llama.cpp does not support the model or
     *     tokenizer
     */
    static Exported run(
            String base,
            MethodConfig method,
            String model,
            String name,
            GgufType type,
            String output,
            Configuration hadoop,
            java.nio.file.Path localDir)
            throws IOException {
        Path target = new Path(output);
        FileSystem files = HadoopFiles.fileSystem(target, hadoop);
        requireAbsent(files, target);
        Path folder = new Path(model);
        boolean adapts = HadoopFiles.fileSystem(folder, hadoop).exists(new Path(folder, AdapterFile.CONFIG));
        // An adapter's own configuration has its vocabulary size; without one, the base's configuration is used.
        Optional<HfConfig> own = HfConfig.find(folder, hadoop);
        HfConfig config = (own.isEmpty() && adapts ? HfConfig.find(new Path(base), hadoop) : own)
                .map(Architectures::config)
                .orElseThrow(() -> RunException.data("export: there is no model at " + folder + ": train it first"));
        // The constructor refuses unsupported models before weights are copied from other machines.
        new GgufModel(config, type);
        boolean tokenizes = HadoopFiles.fileSystem(folder, hadoop).exists(new Path(folder, "tokenizer.json"));
        Path tokenizer = adapts && !tokenizes ? new Path(base) : folder;
        GgufVocabulary vocabulary = new GgufVocabulary(tokenizer.toString(), TokenizerFiles.read(tokenizer, hadoop));
        if (adapts) {
            try (MergedModel merged = MergedModel.open(base, method, HeadKind.CAUSAL_LM, model, hadoop, localDir)) {
                GgufModel gguf = new GgufModel(merged.config(), type);
                return write(gguf, vocabulary, name, merged.tensors(), files, target);
            }
        }
        java.nio.file.Path local = ModelFolder.fetch(model, hadoop, localDir);
        try (SafetensorsModel weights = SafetensorsModel.open(local)) {
            List<TensorData> tensors = weights.names().stream()
                    .map(tensor -> TensorData.of(tensor, weights, tensor))
                    .toList();
            return write(new GgufModel(config, type), vocabulary, name, tensors, files, target);
        }
    }

    private static void requireAbsent(FileSystem files, Path target) {
        try {
            if (files.exists(target)) {
                throw RunException.config("--output: " + target
                        + " exists; nothing was changed. Choose another --output"
                        + " or move the file away");
            }
        } catch (IOException e) {
            throw HadoopFiles.failed("cannot be read", target, e);
        }
    }

    private static Exported write(
            GgufModel model,
            GgufVocabulary vocabulary,
            String name,
            List<TensorData> weights,
            FileSystem files,
            Path target) {
        GgufMetadata metadata = new GgufMetadata();
        model.put(metadata, name);
        vocabulary.put(metadata, model.vocabulary());
        List<GgufTensor> tensors = model.tensors(weights);
        long bytes = HadoopFiles.writeWhole(files, target, out -> {
            GgufWriter.write(out, metadata, tensors);
            // Checked again, because another process may have written the file meanwhile.
            requireAbsent(files, target);
        });
        long parameters = tensors.stream().mapToLong(GgufTensor::count).sum();
        return new Exported(tensors.size(), parameters, bytes);
    }
}
