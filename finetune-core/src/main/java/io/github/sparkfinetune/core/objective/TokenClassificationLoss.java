package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.PaddedBatch;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * One label a token: mean cross-entropy over the tokens that have one, as
 * {@code transformers.loss.ForTokenClassification}.
 */
public final class TokenClassificationLoss implements Objective<PaddedBatch> {
    private final ScriptModule script;

    /** @param manager owner of the text that computes it, on the model's device */
    public TokenClassificationLoss(NDManager manager) {
        script = ScriptModule.load(manager, List.of("core.objective.cross_entropy"), Map.of());
    }

    @Override
    public double[] weights(List<Sample> samples) {
        return new double[] {samples.stream().mapToLong(Sample::labelledTokens).sum()};
    }

    @Override
    public Loss loss(
            NDManager owner,
            Map<String, NDArray> outputs,
            PaddedBatch batch,
            double[] weights,
            Map<String, NDArray> projection,
            boolean add) {
        long[] labels = new long[batch.samples().size() * batch.length()];
        Arrays.fill(labels, Sample.IGNORED);
        for (int row = 0; row < batch.samples().size(); row++) {
            int[] ofRow = batch.samples().get(row).labels();
            for (int t = 0; t < ofRow.length; t++) {
                labels[row * batch.length() + t] = ofRow[t];
            }
        }
        NDList result = script.call(
                owner,
                "cross_entropy",
                outputs.get(Model.LOGITS),
                Tensors.of(owner, labels),
                Objective.scale(weights[0]));
        return Loss.of(result, Model.LOGITS);
    }
}
