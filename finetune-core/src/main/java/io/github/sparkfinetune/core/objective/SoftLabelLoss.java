package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.TeacherConfig;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Loss of one label per text with a teacher. With the teacher's probabilities t and the model's p at temperature T, the
 * first term is the mean of w T² Σ t log(t / p) over all samples, the second (1 - w) times {@link ClassificationLoss}
 * over the samples with a label. {@link Sample#targets} are the teacher's logits.
 */
public final class SoftLabelLoss implements LogitsLoss {
    private final ScriptModule script;
    private final double[] classWeight;

    /**
     * @param manager owner of the loss's script, on the model's device
     * @param classWeight weights of the labels by id, or empty for equal weights
     * @param labels number of labels
     */
    public SoftLabelLoss(NDManager manager, Optional<double[]> classWeight, int labels, TeacherConfig teacher) {
        this.script = ScriptModule.load(
                manager,
                List.of("core.objective.soft_label_loss"),
                Map.of("temperature", teacher.temperature(), "teacher_weight", teacher.weight()));
        this.classWeight = classWeight.orElseGet(() -> {
            double[] equal = new double[labels];
            Arrays.fill(equal, 1);
            return equal;
        });
    }

    @Override
    public List<String> terms() {
        return List.of("divergence", "cross_entropy");
    }

    @Override
    public TermWeights weights(List<Sample> samples) {
        return TermWeights.of(
                samples.size(),
                samples.stream()
                        .filter(sample -> sample.label() >= 0)
                        .mapToDouble(sample -> classWeight[sample.label()])
                        .sum());
    }

    @Override
    public TermWeights alone(Sample sample) {
        return TermWeights.of(1, sample.label() < 0 ? 0 : 1);
    }

    @Override
    public NDList differentiate(NDManager owner, NDArray logits, Batch batch, TermWeights weights) {
        long[] labels = batch.samples().stream()
                .mapToLong(sample -> sample.label() < 0 ? Sample.IGNORED : sample.label())
                .toArray();
        return script.call(
                owner,
                "soft_label_loss",
                logits,
                Targets.of(owner, batch.samples()),
                Tensors.of(owner, labels),
                Targets.of(owner, new Shape(classWeight.length), classWeight),
                weights.scale(0),
                weights.scale(1));
    }
}
