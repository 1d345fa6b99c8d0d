package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Loss of one label per token: mean cross-entropy over the tokens with a label, as
 * {@code transformers.loss.ForTokenClassification}.
 */
public final class TokenClassificationLoss implements LogitsLoss {
    private final ScriptModule script;

    /** @param manager owner of the loss's script, on the model's device */
    public TokenClassificationLoss(NDManager manager) {
        script = ScriptModule.load(manager, List.of("core.objective.cross_entropy"), Map.of());
    }

    @Override
    public TermWeights weights(List<Sample> samples) {
        return TermWeights.of(
                samples.stream().mapToDouble(Sample::labelledTokens).sum());
    }

    @Override
    public NDList differentiate(NDManager owner, NDArray logits, Batch batch, TermWeights weights) {
        long[] labels = new long[Math.toIntExact(batch.ids().size())];
        Arrays.fill(labels, Sample.IGNORED);
        int[] firstRows = batch.firstRows();
        for (int i = 0; i < firstRows.length; i++) {
            int[] own = batch.samples().get(i).labels();
            for (int t = 0; t < own.length; t++) {
                labels[firstRows[i] + t] = own[t];
            }
        }
        return script.call(owner, "cross_entropy", logits, Tensors.of(owner, labels), weights.scale(0));
    }
}
