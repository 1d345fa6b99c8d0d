package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.metric.Softmax;
import io.github.sparkfinetune.core.model.Batch;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import java.util.Map;

/**
 * Where the answer begins and where it ends: the mean of two terms, each the mean cross-entropy over the samples of the
 * answer's first or last token among the tokens, as {@code transformers.loss.ForQuestionAnsweringLoss}. A token that
 * lies outside takes no part in its term.
 *
 * <p>{@code transformers} counts padding among the tokens, so that there a sample's loss depends on what it shares a
 * batch with. Here a sample's own tokens are counted, or padding up to one length that all samples have.
 */
public final class QuestionAnsweringLoss implements Objective {
    private static final int SIDES = 2;

    private final ScriptModule script;
    private final int padded;

    /**
     * @param manager owner of the text that computes it, on the model's device
     * @param padded tokens, padding included, that are counted of every sample, which the batches must have; 0: a
     *     sample's own are
     */
    public QuestionAnsweringLoss(NDManager manager, int padded) {
        script = ScriptModule.load(manager, List.of("core.objective.answer_loss"), Map.of());
        this.padded = padded;
    }

    @Override
    public List<String> terms() {
        return List.of("start", "end");
    }

    /** Twice the samples whose answer begins, or ends, inside: the sum of the terms is the mean of both. */
    @Override
    public double[] weights(List<Sample> samples) {
        double[] weights = new double[SIDES];
        for (Sample sample : samples) {
            for (int side = 0; side < SIDES; side++) {
                weights[side] += isInside(sample, side) ? SIDES : 0;
            }
        }
        return weights;
    }

    @Override
    public Loss loss(
            NDManager owner,
            Map<String, NDArray> outputs,
            Batch batch,
            double[] weights,
            Map<String, NDArray> projection,
            boolean add) {
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
        NDList result = script.call(
                owner,
                "answer_loss",
                outputs.get(Model.LOGITS),
                Tensors.of(owner, rows, new Shape(samples.size(), longest)),
                Tensors.of(owner, lengths),
                Tensors.of(owner, answers, new Shape(samples.size(), SIDES)),
                Objective.scale(weights[0]),
                Objective.scale(weights[1]));
        return Loss.of(result, Model.LOGITS);
    }

    private int counted(Sample sample) {
        return padded == 0 ? sample.length() : padded;
    }

    private boolean isInside(Sample sample, int side) {
        return sample.window().answer()[side] < counted(sample);
    }

    /**
     * The loss of one sample whose answer lies inside.
     *
     * @param logits of its tokens, a start and an end each
     */
    public double loss(Sample sample, float[] logits) {
        double sum = 0;
        for (int side = 0; side < SIDES; side++) {
            float[] places = new float[counted(sample)];
            for (int token = 0; token < places.length; token++) {
                places[token] = logits[SIDES * token + side];
            }
            sum += Softmax.crossEntropy(places, sample.window().answer()[side]);
        }
        return sum / SIDES;
    }
}
