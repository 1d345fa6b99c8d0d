package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.PackedBatch;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Cross-entropy of the next token, the mean over the tokens that have a label, as
 * {@code transformers.loss.ForCausalLMLoss}. Logits are computed only for these tokens and {@value #CHUNK} at a time,
 * their gradient (softmax minus one-hot) by hand, so that [tokens, vocabulary] is never held.
 */
public final class CausalLmLoss implements Objective<PackedBatch> {
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
    public List<String> terms() {
        return List.of("loss");
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
            NDManager owner,
            Map<String, NDArray> outputs,
            PackedBatch batch,
            double[] weights,
            Optional<NDArray> projection,
            boolean add) {
        NDList result = script.call(
                owner,
                "next_token_loss",
                outputs.get(Model.LAST_HIDDEN_STATE),
                model.projectionWeight(),
                batch.targets(),
                weights[0] == 0 ? 0.0 : 1 / weights[0],
                projection.map(List::of).orElse(List.of()),
                add,
                CHUNK);
        return new Loss(new double[] {result.get(0).getFloat()}, Map.of(Model.LAST_HIDDEN_STATE, result.get(1)));
    }

    /**
     * The most that logits and their gradient take at once, in bytes.
     *
     * @param tokens with a label
     */
    public static long bytes(long tokens, long vocabulary) {
        return 2 * Math.min(CHUNK, tokens) * vocabulary * Float.BYTES;
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
