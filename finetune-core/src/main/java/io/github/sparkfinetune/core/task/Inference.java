package io.github.sparkfinetune.core.task;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.Batch;
import io.github.sparkfinetune.core.model.Block;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.objective.VocabularyLoss;
import io.github.sparkfinetune.data.dataset.Sample;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** The forward pass alone: no dropout, no graph. */
public final class Inference {
    private Inference() {}

    /**
     * Logits of each sample. Samples of similar length are computed together, whatever their order.
     *
     * @param batchSize samples computed at once
     * @return [samples][classes], in the order of the samples; of a head that classifies each token [samples][tokens,
     *     classes], padding that counts included
     */
    public static float[][] logits(NDManager manager, Model model, List<Sample> samples, int batchSize) {
        float[][] logits = new float[samples.size()][];
        byLength(manager, model, samples, batchSize, (owner, places, batch, output) -> {
            float[] flat = output.toFloatArray();
            int rows = Math.toIntExact(output.getShape().get(0));
            int classes = flat.length / rows;
            boolean isByToken = rows == batch.ids().size();
            int[] firstRows = batch.firstRows();
            for (int i = 0; i < places.size(); i++) {
                int first = isByToken ? firstRows[i] : i;
                int count = isByToken ? batch.rows()[i] : 1;
                logits[places.get(i)] = Arrays.copyOfRange(flat, first * classes, (first + count) * classes);
            }
        });
        return logits;
    }

    /** Takes what the last block gives for a batch. */
    public interface BatchOutput {
        /**
         * Takes it.
         *
         * @param owner of the batch, closed afterwards
         * @param places of the batch's samples among all
         * @param output of the last block
         */
        void take(NDManager owner, List<Integer> places, Batch batch, NDArray output);
    }

    /**
     * Computes samples, those of similar length together.
     *
     * @param batchSize samples computed at once
     */
    public static void byLength(
            NDManager manager, Model model, List<Sample> samples, int batchSize, BatchOutput outputs) {
        List<Integer> byLength =
                new ArrayList<>(IntStream.range(0, samples.size()).boxed().toList());
        byLength.sort(Comparator.comparingInt(i -> samples.get(i).length()));
        for (int from = 0; from < byLength.size(); from += batchSize) {
            List<Integer> places = byLength.subList(from, Math.min(byLength.size(), from + batchSize));
            try (NDManager owner = manager.newSubManager()) {
                Batch batch =
                        model.batch(owner, places.stream().map(samples::get).toList());
                outputs.take(owner, places, batch, output(owner, model, batch));
            }
        }
    }

    /**
     * Next-token losses of each sample's documents.
     *
     * @param batchSize samples computed at once
     * @return [samples][documents], in their order
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

    /** Takes a sample's documents from the losses of a batch's tokens. */
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

    private static NDArray output(NDManager owner, Model model, Batch batch) {
        NDArray x = model.lookup(owner, batch);
        for (Block block : model.blocks()) {
            NDArray y = model.forward(owner, block, x, batch, DropoutMasks.none());
            x.close();
            x = y;
        }
        return x;
    }
}
