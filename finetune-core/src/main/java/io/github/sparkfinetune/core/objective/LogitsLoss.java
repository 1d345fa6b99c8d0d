package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.batch.Batch;
import java.util.Map;

/** A loss of the logits that the model's head gives. It reads no weights. */
interface LogitsLoss extends Objective {
    /**
     * Differentiates a batch.
     *
     * @param weights weights of the terms over the whole global batch
     * @return sums of the terms, and the gradient of the loss with respect to the logits
     */
    NDList differentiate(NDManager owner, NDArray logits, Batch batch, TermWeights weights);

    @Override
    default Loss loss(
            NDManager owner,
            Map<String, NDArray> outputs,
            Batch batch,
            TermWeights weights,
            Map<String, NDArray> lmHead,
            boolean add) {
        return Loss.of(differentiate(owner, outputs.get(Model.LOGITS), batch, weights), Model.LOGITS);
    }
}
