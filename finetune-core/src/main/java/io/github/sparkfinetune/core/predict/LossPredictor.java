package io.github.sparkfinetune.core.predict;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.objective.CausalLmLoss;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;

/** Measures how well a language model predicts texts, with a {@link Predictor}'s model. */
public final class LossPredictor {
    private final NDManager manager;
    private final Decoder model;
    private final CausalLmLoss objective;
    private final int batchSize;

    LossPredictor(NDManager manager, Decoder model, CausalLmLoss objective, int batchSize) {
        this.manager = manager;
        this.model = model;
        this.objective = objective;
        this.batchSize = batchSize;
    }

    /** Losses [samples][documents], in their order. */
    public List<List<TokenLoss>> losses(List<Sample> samples) {
        return Inference.tokenLosses(manager, model, objective, samples, batchSize);
    }
}
