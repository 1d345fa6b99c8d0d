package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.Batch;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.PackedBatch;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import java.util.Optional;

/**
 * Cross-entropy of the next token, the mean over the tokens that have a label, as
 * {@code transformers.loss.ForCausalLMLoss}. Logits are computed only for these tokens and {@value #CHUNK} at a time,
 * their gradient (softmax minus one-hot) by hand, so that [tokens, vocabulary] is never held.
 */
public final class CausalLmLoss implements Objective {
    /** Tokens whose logits are there at once. */
    public static final int CHUNK = 128;

    private final ScriptModule script;
    private final Decoder model;

    /**
     * An objective over a module's scripts.
     *
     * @param script module with {@link Objective#SCRIPTS}
     */
    public CausalLmLoss(ScriptModule script, Decoder model) {
        this.script = script;
        this.model = model;
    }

    @Override
    public double[] weights(List<Sample> samples) {
        long count = 0;
        for (Sample sample : samples) {
            count += sample.labelTokens();
        }
        return new double[] {count};
    }

    @Override
    public Loss loss(
            NDManager owner, NDArray output, Batch batch, double[] weights, Optional<NDArray> projection, boolean add) {
        NDList result = script.call(
                owner,
                "next_token_loss",
                output,
                model.projectionWeight(),
                ((PackedBatch) batch).targets(),
                weights[0] == 0 ? 0.0 : 1 / weights[0],
                projection.map(List::of).orElse(List.of()),
                add,
                CHUNK);
        return new Loss(new double[] {result.get(0).getFloat()}, result.get(1));
    }

    /**
     * The loss of each token with a label, in the order of the batch.
     *
     * @param output of the model's last block
     */
    public float[] losses(NDManager owner, NDArray output, PackedBatch batch) {
        if (output.getShape().get(0) == 0) {
            return new float[0];
        }
        return script.callOne(owner, "next_token_losses", output, model.projectionWeight(), batch.targets(), CHUNK)
                .toFloatArray();
    }
}
