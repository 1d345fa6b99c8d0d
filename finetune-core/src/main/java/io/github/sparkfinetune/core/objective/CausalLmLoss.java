package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.MatmulBackend;
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

    /** @param manager owner of the text that computes it, on the model's device */
    public CausalLmLoss(NDManager manager, Decoder model) {
        this.model = model;
        script = text(manager, model.matmul(), CHUNK);
    }

    /** @param chunk tokens whose logits are there at once */
    static ScriptModule text(NDManager manager, MatmulBackend matmul, int chunk) {
        return ScriptModule.load(
                manager, List.of(matmul.module(), "core.objective.causal_lm_loss"), Map.of("chunk", chunk));
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
                add);
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
        return script.callOne(owner, "next_token_losses", output, model.projectionWeight(), batch.targets())
                .toFloatArray();
    }
}
