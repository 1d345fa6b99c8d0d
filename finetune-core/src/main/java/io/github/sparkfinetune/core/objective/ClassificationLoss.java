package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Loss of one label per text: mean cross-entropy over the samples, as {@code torch.nn.CrossEntropyLoss}. With class
 * weights w and labels y, it is the weighted mean Σ w[y] loss / Σ w[y]. Of a sample alone it is w[y] loss.
 */
public final class ClassificationLoss implements LogitsLoss {
    private final ScriptModule script;
    private final Optional<double[]> classWeight;

    /**
     * @param manager owner of the loss's script, on the model's device
     * @param classWeight weights of the labels by id, or empty for equal weights
     */
    public ClassificationLoss(NDManager manager, Optional<double[]> classWeight) {
        script = ScriptModule.load(manager, List.of("core.objective.cross_entropy"), Map.of());
        this.classWeight = classWeight;
    }

    @Override
    public TermWeights weights(List<Sample> samples) {
        double sum = classWeight
                .map(weight -> samples.stream()
                        .mapToDouble(sample -> weight[sample.label()])
                        .sum())
                .orElse((double) samples.size());
        return TermWeights.of(sum);
    }

    @Override
    public TermWeights alone(Sample sample) {
        return TermWeights.of(1);
    }

    @Override
    public NDList differentiate(NDManager owner, NDArray logits, Batch batch, TermWeights weights) {
        NDArray labels = Tensors.of(
                owner, batch.samples().stream().mapToLong(Sample::label).toArray());
        return classWeight.isEmpty()
                ? script.call(owner, "cross_entropy", logits, labels, weights.scale(0))
                : script.call(
                        owner,
                        "weighted_cross_entropy",
                        logits,
                        labels,
                        Targets.of(owner, new Shape(logits.getShape().get(1)), classWeight.orElseThrow()),
                        weights.scale(0));
    }
}
