package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.metric.Softmax;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import java.util.Map;

/**
 * Loss of an answer's start and end, as {@code transformers.loss.ForQuestionAnsweringLoss}: the mean of two terms. A
 * term is the mean cross-entropy, over the samples, of the answer's first or last token among the sample's tokens. A
 * sample whose answer token lies outside its tokens is not part of that term.
 *
 * <p>In {@code transformers} padding counts as tokens, so a sample's loss depends on the other samples of its batch.
 * Here only a sample's own tokens count, or padding to a fixed length of all samples.
 */
public final class QuestionAnsweringLoss implements LogitsLoss {
    private static final int SIDES = 2;

    private final ScriptModule script;
    private final int padded;

    /**
     * @param manager owner of the loss's script, on the model's device
     * @param padded number of tokens that count in every sample, including padding, which the batches must have; 0 to
     *     count a sample's own tokens
     */
    public QuestionAnsweringLoss(NDManager manager, int padded) {
        script = ScriptModule.load(manager, List.of("core.objective.answer_loss"), Map.of());
        this.padded = padded;
    }

    @Override
    public List<String> terms() {
        return List.of("start", "end");
    }

    /** Returns twice the number of samples whose answer starts, or ends, inside: the sum of the terms is their mean. */
    @Override
    public TermWeights weights(List<Sample> samples) {
        double[] weights = new double[SIDES];
        for (Sample sample : samples) {
            for (int side = 0; side < SIDES; side++) {
                weights[side] += isInside(sample, side) ? SIDES : 0;
            }
        }
        return TermWeights.of(weights);
    }

    @Override
    public NDList differentiate(NDManager owner, NDArray logits, Batch batch, TermWeights weights) {
        List<Sample> samples = batch.samples();
        int[] firstRows = batch.firstRows();
        int longest = samples.stream().mapToInt(this::counted).max().orElseThrow();
        long[] rows = new long[Math.multiplyExact(samples.size(), longest)];
        long[] lengths = new long[samples.size()];
        long[] answers = new long[SIDES * samples.size()];
        for (int i = 0; i < lengths.length; i++) {
            Sample sample = samples.get(i);
            int length = counted(sample);
            lengths[i] = length;
            for (int t = 0; t < longest; t++) {
                rows[i * longest + t] = (long) firstRows[i] + (t < length ? t : 0);
            }
            for (int side = 0; side < SIDES; side++) {
                answers[SIDES * i + side] =
                        isInside(sample, side) ? sample.window().answer()[side] : Sample.IGNORED;
            }
        }
        return script.call(
                owner,
                "answer_loss",
                logits,
                Tensors.of(owner, rows, new Shape(samples.size(), longest)),
                Tensors.of(owner, lengths),
                Tensors.of(owner, answers, new Shape(samples.size(), SIDES)),
                weights.scale(0),
                weights.scale(1));
    }

    private int counted(Sample sample) {
        return padded == 0 ? sample.length() : padded;
    }

    private boolean isInside(Sample sample, int side) {
        return sample.window().answer()[side] < counted(sample);
    }

    /**
     * Returns the loss of a sample whose answer lies inside.
     *
     * @param logits logits of the tokens, [tokens, 2], for start and end
     */
    public double loss(Sample sample, float[] logits) {
        double sum = 0;
        for (int side = 0; side < SIDES; side++) {
            float[] sideLogits = new float[counted(sample)];
            for (int token = 0; token < sideLogits.length; token++) {
                sideLogits[token] = logits[SIDES * token + side];
            }
            sum += Softmax.crossEntropy(sideLogits, sample.window().answer()[side]);
        }
        return sum / SIDES;
    }
}
