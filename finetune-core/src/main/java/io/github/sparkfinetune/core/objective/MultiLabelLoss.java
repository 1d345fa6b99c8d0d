package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import java.util.Map;

/**
 * Loss of any number of labels per text: mean binary cross-entropy over samples and labels, as
 * {@code torch.nn.BCEWithLogitsLoss}. Its {@code pos_weight} multiplies the loss of the labels that a sample has.
 */
public final class MultiLabelLoss implements LogitsLoss {
    private final ScriptModule script;
    private final double[] posWeight;

    /**
     * @param manager owner of the loss's script, on the model's device
     * @param posWeight {@code pos_weight} by id of the label
     */
    public MultiLabelLoss(NDManager manager, double... posWeight) {
        script = ScriptModule.load(manager, List.of("core.objective.binary_cross_entropy"), Map.of());
        this.posWeight = posWeight.clone();
    }

    @Override
    public TermWeights weights(List<Sample> samples) {
        return TermWeights.of((double) samples.size() * posWeight.length);
    }

    @Override
    public NDList differentiate(NDManager owner, NDArray logits, Batch batch, TermWeights weights) {
        return script.call(
                owner,
                "binary_cross_entropy",
                logits,
                Targets.of(owner, batch.samples()),
                Targets.of(owner, new Shape(posWeight.length), posWeight),
                1 / weights.term(0));
    }
}
