package io.github.sparkfinetune.core.predict;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.EmbeddingConfig.Pooling;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.adapter.AdapterFile;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.TextPooling;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.model.weight.Trainable;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.task.AnyModelKind;
import io.github.sparkfinetune.core.task.BlockwiseIterator;
import io.github.sparkfinetune.core.task.Inference;
import io.github.sparkfinetune.core.task.Pretrained;
import io.github.sparkfinetune.core.tensor.Allocator;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.ModelFolder;
import io.github.sparkfinetune.data.hf.SentenceTransformerFiles;
import io.github.sparkfinetune.data.task.TaskInput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;

/**
 * A model without its head that embeds texts. A text's embedding is the mean of the last layer's hidden states over its
 * tokens, including special tokens, or the pooling of a folder of {@code sentence-transformers}. Owns its memory. Not
 * for concurrent use. A thread that did not load the encoder calls {@link #attach} first.
 */
public final class Embedder implements AutoCloseable {
    private static final AnyModelKind KIND = new AnyModelKind(HeadKind.EMBEDDING);
    /** Number of batches of a block, in which texts of similar length share a batch. */
    private static final int BATCHES = 8;

    private final NDManager manager;
    private final Model model;
    private final int batchSize;

    /**
     * Embedding of an input.
     *
     * @param index index of the input
     * @param vector embedding [hidden], or null for an unusable input
     */
    public record Embedded(long index, float[] vector) {}

    private Embedder(NDManager manager, Model model, int batchSize) {
        this.manager = manager;
        this.model = model;
        this.batchSize = batchSize;
    }

    /**
     * Checks that {@link #load} has an encoder to load, before any long work.
     *
     * @param config configuration with absolute paths
     * @throws RunException if there is none; the message says what to do
     */
    public static void check(RunConfig config, Configuration hadoop) throws IOException {
        org.apache.hadoop.fs.Path folder = new org.apache.hadoop.fs.Path(config.model());
        if (folder.getFileSystem(hadoop).exists(new org.apache.hadoop.fs.Path(folder, AdapterFile.CONFIG))) {
            throw RunException.config("model: " + config.model()
                    + " holds an adapter: merge it with finetune merge, and set model to the merged folder");
        }
        KIND.check(HfConfig.read(folder, hadoop));
    }

    /**
     * Loads the encoder of a run's {@code model}, with any head or without a head.
     *
     * @param config configuration with absolute paths
     * @param localDir local folder for a copy of a folder on another machine; the caller deletes the copy
     * @param gpu index of the GPU, or -1 for the CPU
     * @param threads number of threads of PyTorch's operators, in the whole process
     * @throws RunException if there is no such model
     */
    public static Embedder load(RunConfig config, Configuration hadoop, Path localDir, int gpu, int threads) {
        Path folder = ModelFolder.fetch(config.model(), hadoop, localDir);
        Allocator.release();
        Torch.start(threads);
        NDManager manager = Device.of(gpu).manager();
        try (SafetensorsModel source = SafetensorsModel.open(folder)) {
            HfConfig read = HfConfig.read(folder);
            MatmulBackend matmul = PredictionMatmul.of(config, Optional.of(read), Device.of(manager));
            HfConfig pooled = TextPooling.with(read, pooling(config, hadoop, read));
            Model model =
                    KIND.load(new Pretrained(manager, matmul, pooled, source), 0, Adaptation.of(Trainable.none()), 0);
            return new Embedder(manager, model, config.training().perDeviceEvalBatchSize());
        } catch (RuntimeException e) {
            manager.close();
            throw e;
        }
    }

    /** Returns the folder's pooling: the mean, unless it is one of {@code sentence-transformers} with another. */
    private static Pooling pooling(RunConfig config, Configuration hadoop, HfConfig model) {
        String folder = config.model();
        try {
            return SentenceTransformerFiles.pooling(new org.apache.hadoop.fs.Path(folder), hadoop)
                    .map(name -> TextPooling.of(name, folder))
                    .or(() -> TextPooling.of(model))
                    .orElse(Pooling.MEAN);
        } catch (IOException e) {
            throw new UncheckedIOException(folder + " cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * Makes the calling thread the computing thread, instead of the thread that loaded the model.
     *
     * @param threads number of threads of PyTorch's operators, in the whole process
     */
    public void attach(int threads) {
        Torch.start(threads);
    }

    /**
     * Embeds texts lazily.
     *
     * @return one embedding per input, in order
     */
    public Iterator<Embedded> embed(Iterator<TaskInput> inputs) {
        return new BlockwiseIterator<>(inputs, BATCHES * batchSize, this::embed);
    }

    private List<Embedded> embed(List<TaskInput> block) {
        float[][] embeddings = Inference.logitsOfInputs(manager, model, block, batchSize);
        return IntStream.range(0, embeddings.length)
                .mapToObj(i -> new Embedded(block.get(i).index(), embeddings[i]))
                .toList();
    }

    @Override
    public void close() {
        manager.close();
    }
}
