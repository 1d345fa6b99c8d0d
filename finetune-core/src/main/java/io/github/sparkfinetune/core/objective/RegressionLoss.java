package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import java.util.Map;

/** Loss of one number per text: mean squared error over the samples, as {@code torch.nn.MSELoss}. */
public final class RegressionLoss implements LogitsLoss {
    private final ScriptModule script;

    /** @param manager owner of the loss's script, on the model's device */
    public RegressionLoss(NDManager manager) {
        script = ScriptModule.load(manager, List.of("core.objective.mean_squared_error"), Map.of());
    }

    @Override
    public TermWeights weights(List<Sample> samples) {
        return TermWeights.of(samples.size());
    }

    @Override
    public NDList differentiate(NDManager owner, NDArray logits, Batch batch, TermWeights weights) {
        return script.call(owner, "squared_error", logits, Targets.of(owner, batch.samples()), 1 / weights.term(0));
    }
}
