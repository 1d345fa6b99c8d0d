package io.github.sparkfinetune.core.predict;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.adapter.AdapterFile;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.model.Adaptation;
import io.github.sparkfinetune.core.model.Encoder;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.model.Trainable;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.task.BlockwiseIterator;
import io.github.sparkfinetune.core.task.EncoderKind;
import io.github.sparkfinetune.core.task.Inference;
import io.github.sparkfinetune.core.task.Pretrained;
import io.github.sparkfinetune.core.tensor.Allocator;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.ModelFolder;
import io.github.sparkfinetune.data.task.TaskInput;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/**
 * An encoder without its head, loaded to embed texts: a text's embedding is the mean of the hidden states of the last
 * layer over its tokens, special tokens included, as {@code Pooling} of {@code sentence-transformers} with
 * {@code pooling_mode_mean_tokens}. Owns its memory. Not for concurrent use; another thread than the one that loaded it
 * begins by {@link #attach}.
 */
public final class Embedder implements AutoCloseable {
    private static final EncoderKind KIND = new EncoderKind(HeadKind.NONE);
    /** Batches of a block: texts of like length share a batch. */
    private static final int BATCHES = 8;

    private final NDManager manager;
    private final Encoder model;
    private final int batchSize;

    private Embedder(NDManager manager, Encoder model, int batchSize) {
        this.manager = manager;
        this.model = model;
        this.batchSize = batchSize;
    }

    /**
     * Finds whether {@link #load} has an encoder to load, before any long work.
     *
     * @param config with absolute paths
     * @throws RunException that says what to do
     */
    public static void check(RunConfig config, Configuration hadoop) throws IOException {
        org.apache.hadoop.fs.Path folder =
                new org.apache.hadoop.fs.Path(config.base().model());
        if (folder.getFileSystem(hadoop).exists(new org.apache.hadoop.fs.Path(folder, AdapterFile.CONFIG))) {
            throw RunException.config("model: " + config.base().model()
                    + " holds an adapter: name the folder that finetune merge makes of it");
        }
        KIND.check(HfConfig.read(folder, hadoop));
    }

    /**
     * Loads the encoder of a run's {@code model}, which may have a head of any kind, or none.
     *
     * @param config with absolute paths
     * @param localDir gets a copy of a folder on another machine, which the caller deletes
     * @param gpu index of the GPU, or -1 for the CPU
     * @param threads of PyTorch's operators, in the whole process
     * @throws RunException when there is no such model
     */
    public static Embedder load(RunConfig config, Configuration hadoop, Path localDir, int gpu, int threads) {
        Path folder = ModelFolder.fetch(config.base().model(), hadoop, localDir);
        Allocator.release();
        Torch.start(threads);
        NDManager manager = Device.of(gpu).manager();
        try (SafetensorsModel source = SafetensorsModel.open(folder)) {
            MatmulBackend matmul = MatmulBackend.of(config.compute().precision(), Device.of(manager));
            Encoder model = KIND.load(
                    new Pretrained(manager, matmul, HfConfig.read(folder), source),
                    0,
                    Adaptation.of(Trainable.none()),
                    0);
            return new Embedder(manager, model, config.training().batches().perDeviceEvalBatchSize());
        } catch (RuntimeException e) {
            manager.close();
            throw e;
        }
    }

    /**
     * Makes the calling thread the one that computes, in place of the one that has loaded the model.
     *
     * @param threads of PyTorch's operators, in the whole process
     */
    public void attach(int threads) {
        Torch.start(threads);
    }

    /**
     * Embeds texts, as they are asked for.
     *
     * @return a row of each input's index and its embedding [hidden], null of an input that cannot be used
     */
    public Iterator<Object[]> embed(Iterator<TaskInput> inputs) {
        return new BlockwiseIterator<>(inputs, BATCHES * batchSize, this::embed);
    }

    private List<Object[]> embed(List<TaskInput> block) {
        List<Sample> samples = block.stream()
                .filter(input -> input.error() == null)
                .map(TaskInput::sample)
                .toList();
        float[][] embeddings = new float[samples.size()][];
        Inference.byLength(manager, model, samples, batchSize, (owner, places, batch, output) -> {
            float[] states = output.toFloatArray();
            int[] firstRows = batch.firstRows();
            int hidden = model.shape().hidden();
            for (int row = 0; row < places.size(); row++) {
                int from = firstRows[row] * hidden;
                embeddings[places.get(row)] =
                        mean(states, from, samples.get(places.get(row)).length(), hidden);
            }
        });
        List<Object[]> rows = new ArrayList<>();
        int next = 0;
        for (TaskInput input : block) {
            rows.add(new Object[] {input.index(), input.error() == null ? embeddings[next++] : null});
        }
        return rows;
    }

    private static float[] mean(float[] states, int from, int tokens, int hidden) {
        double[] sums = new double[hidden];
        for (int i = 0; i < tokens * hidden; i++) {
            sums[i % hidden] += states[from + i];
        }
        float[] mean = new float[hidden];
        for (int i = 0; i < hidden; i++) {
            mean[i] = (float) (sums[i] / tokens);
        }
        return mean;
    }

    @Override
    public void close() {
        manager.close();
    }
}
