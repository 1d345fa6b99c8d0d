package io.github.sparkfinetune.core.task;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.objective.VocabularyLoss;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.task.TaskInput;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Forward passes without dropout and without a graph. */
public final class Inference {
    private Inference() {}

    /** Tokens of a batch for each sample of {@code batchSize}: a batch of short samples has more samples. */
    private static final int TOKENS = 64;

    /**
     * Computes the logits, or the embeddings, of each sample. Samples of similar length share a batch. Samples with
     * equal tokens are computed once.
     *
     * @param batchSize number of samples computed at once, if they have {@value #TOKENS} tokens
     * @return [samples][classes], in the order of the samples; for several documents a sample [samples][documents,
     *     classes], also if they are embeddings; for a head that classifies tokens [samples][tokens, classes],
     *     including counted padding
     */
    public static float[][] logits(NDManager manager, Model model, List<Sample> samples, int batchSize) {
        DistinctSamples distinct = DistinctSamples.of(samples);
        float[][] logits = new float[distinct.samples().size()][];
        byLength(manager, model, distinct.samples(), batchSize, (owner, indices, batch, output) -> {
            float[] flat = output.toFloatArray();
            int rows = Math.toIntExact(output.getShape().get(0));
            int classes = flat.length / rows;
            boolean isByToken = rows == batch.ids().size();
            int first = 0;
            for (int i = 0; i < indices.size(); i++) {
                int count = isByToken ? batch.rows()[i] : batch.samples().get(i).documents().length;
                logits[indices.get(i)] = Arrays.copyOfRange(flat, first * classes, (first + count) * classes);
                first += count;
            }
        });
        return distinct.ofAll(logits);
    }

    /**
     * Computes {@link #logits} of the sample of each input.
     *
     * @return [inputs][classes], in the order of the inputs; null for an unusable input
     */
    public static float[][] logitsOfInputs(NDManager manager, Model model, List<TaskInput> inputs, int batchSize) {
        List<Sample> samples = inputs.stream()
                .filter(input -> input.error() == null)
                .map(TaskInput::sample)
                .toList();
        float[][] ofSamples = logits(manager, model, samples, batchSize);
        float[][] ofInputs = new float[inputs.size()][];
        int next = 0;
        for (int i = 0; i < ofInputs.length; i++) {
            ofInputs[i] = inputs.get(i).error() == null ? ofSamples[next++] : null;
        }
        return ofInputs;
    }

    /** Receiver of the last block's output for each batch. */
    public interface BatchOutput {
        /**
         * Receives the output of a batch.
         *
         * @param owner owner of the batch, closed afterwards
         * @param indices indices of the batch's samples among all samples
         * @param output output of the last block
         */
        void take(NDManager owner, List<Integer> indices, Batch batch, NDArray output);
    }

    /**
     * Computes samples in batches of similar length, with about the same number of tokens.
     *
     * @param batchSize number of samples computed at once, if they have {@value #TOKENS} tokens
     */
    public static void byLength(
            NDManager manager, Model model, List<Sample> samples, int batchSize, BatchOutput outputs) {
        List<Integer> byLength =
                new ArrayList<>(IntStream.range(0, samples.size()).boxed().toList());
        byLength.sort(Comparator.comparingInt(i -> samples.get(i).length()));
        long most = (long) batchSize * TOKENS;
        int to;
        for (int from = 0; from < byLength.size(); from = to) {
            to = from + 1;
            // The next sample is the longest.
            while (to < byLength.size() && (to - from + 1L) * model.rows(samples.get(byLength.get(to))) <= most) {
                to++;
            }
            List<Integer> indices = byLength.subList(from, to);
            try (NDManager owner = manager.newSubManager()) {
                Batch batch =
                        model.batch(owner, indices.stream().map(samples::get).toList());
                outputs.take(owner, indices, batch, output(owner, model, batch));
            }
        }
    }

    /**
     * Computes the next-token losses of each sample's documents.
     *
     * @param batchSize number of samples computed at once
     * @return losses [samples][documents], in the order of samples and documents
     */
    public static List<List<TokenLoss>> tokenLosses(
            NDManager manager, Decoder model, VocabularyLoss objective, List<Sample> samples, int batchSize) {
        List<List<TokenLoss>> losses = new ArrayList<>();
        for (int from = 0; from < samples.size(); from += batchSize) {
            List<Sample> some = samples.subList(from, Math.min(samples.size(), from + batchSize));
            try (NDManager owner = manager.newSubManager()) {
                Batch batch = model.batch(owner, some);
                FloatBuffer tokens = FloatBuffer.wrap(objective
                        .tokenLosses(owner, output(owner, model, batch), batch)
                        .losses());
                some.forEach(sample -> losses.add(documents(sample, tokens)));
            }
        }
        return losses;
    }

    /** Reads the losses of a sample's documents from the losses of a batch's tokens. */
    private static List<TokenLoss> documents(Sample sample, FloatBuffer tokens) {
        List<TokenLoss> losses = new ArrayList<>();
        for (int count : sample.labelTokensOfDocuments()) {
            double sum = 0;
            for (int i = 0; i < count; i++) {
                sum += tokens.get();
            }
            losses.add(new TokenLoss(sum, count));
        }
        return losses;
    }

    /** Returns the output of the last block for a batch. */
    static NDArray output(NDManager owner, Model model, Batch batch) {
        model.join(batch);
        NDArray x = model.lookup(owner, batch);
        for (Block block : model.blocks()) {
            model.prepare(block, true);
            NDArray y = model.forward(owner, block, x, batch, DropoutMasks.none());
            x.close();
            x = y;
        }
        model.prepareLmHead();
        return x;
    }
}
