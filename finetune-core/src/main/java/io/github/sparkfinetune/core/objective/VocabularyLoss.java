package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.model.Batch;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.Encoder;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;

/**
 * Cross-entropy over the vocabulary, the mean over the tokens that have a label: of the next token, as
 * {@code transformers.loss.ForCausalLMLoss}, or of the masked ones, as {@code ForMaskedLMLoss}. Logits are computed
 * only for these tokens and at most {@value #CHUNK} at a time, their gradient (softmax minus one-hot) by hand, so that
 * [tokens, vocabulary] is never held.
 */
public final class VocabularyLoss implements Objective {
    /** Tokens whose logits are there at once, at most. */
    public static final int CHUNK = 256;

    /** Tokens whose logits are in F32 at once, where products aren't: as many as stay in a processor's cache. */
    private static final int PART = 16;

    private final ScriptModule script;
    private final Model model;
    private final ToIntFunction<Sample> predicted;

    private VocabularyLoss(ScriptModule script, Model model, ToIntFunction<Sample> predicted) {
        this.script = script;
        this.model = model;
        this.predicted = predicted;
    }

    /**
     * Returns the loss of the next token.
     *
     * @param manager owner of the script that computes it, on the model's device
     */
    public static VocabularyLoss ofNextToken(NDManager manager, Decoder model) {
        return of(manager, model, Sample::labelTokens);
    }

    /**
     * Returns the loss of the masked tokens.
     *
     * @param manager owner of the script that computes it, on the model's device
     */
    public static VocabularyLoss ofMaskedTokens(NDManager manager, Encoder model) {
        return of(manager, model, Sample::labelledTokens);
    }

    private static VocabularyLoss of(NDManager manager, Model model, ToIntFunction<Sample> predicted) {
        return new VocabularyLoss(text(manager, model.matmul(), CHUNK, PART, model.logitCap()), model, predicted);
    }

    /**
     * @param chunk tokens whose logits are there at once
     * @param part of them, whose logits are in F32 at once
     * @param cap of the logits, 0 for none
     */
    static ScriptModule text(NDManager manager, MatmulBackend matmul, int chunk, int part, double cap) {
        return ScriptModule.load(
                manager,
                List.of(matmul.module(), "core.objective.vocabulary_loss"),
                Map.of("chunk", chunk, "part", part, "logit_cap", cap));
    }

    @Override
    public double[] weights(List<Sample> samples) {
        return new double[] {samples.stream().mapToLong(predicted::applyAsInt).sum()};
    }

    @Override
    public Loss loss(
            NDManager owner,
            Map<String, NDArray> outputs,
            Batch batch,
            double[] weights,
            Map<String, NDArray> projection,
            boolean add) {
        NDList result = script.call(
                owner,
                "vocabulary_loss",
                outputs.get(Model.LAST_HIDDEN_STATE),
                model.projectionWeights(),
                batch.targets(),
                Objective.scale(weights[0]),
                projection,
                add);
        return Loss.of(result, Model.LAST_HIDDEN_STATE);
    }

    /**
     * The losses of the tokens with a label, and the gradient of each by its hidden state.
     *
     * @param losses in the order of the batch, in nats
     * @param gradient [M, hidden], which {@link #weighted(NDManager, TokenGradients, float[])} takes
     */
    record TokenGradients(float[] losses, NDArray gradient) {}

    /** Differentiates each token's loss. */
    TokenGradients tokenGradients(NDManager owner, NDArray hidden, Batch batch) {
        NDList result = script.call(owner, "token_gradients", hidden, model.projectionWeights(), batch.targets());
        return new TokenGradients(result.get(0).toFloatArray(), result.get(1));
    }

    /**
     * The gradient of a weighted sum of the tokens' losses by the hidden states, where the head is not trained.
     *
     * @param weights of the tokens
     */
    NDArray weighted(NDManager owner, TokenGradients tokens, float[] weights) {
        return script.callOne(
                owner, "weighted", tokens.gradient(), Tensors.of(owner, weights, new Shape(weights.length)));
    }

    /**
     * The same, where the head is trained.
     *
     * @param projection where the gradients of the head's weights go
     * @param add whether they are added to what is there, or replace it
     */
    NDArray weighted(
            NDManager owner,
            NDArray hidden,
            Batch batch,
            float[] weights,
            Map<String, NDArray> projection,
            boolean add) {
        return script.callOne(
                owner,
                "weighted_gradients",
                hidden,
                model.projectionWeights(),
                batch.targets(),
                Tensors.of(owner, weights, new Shape(weights.length)),
                projection,
                add);
    }

    /**
     * The most that logits and their gradient take at once, in bytes.
     *
     * @param tokens with a label
     * @param capped whether the logits have a cap, whose slope is there too then
     */
    public static long bytes(long tokens, long vocabulary, boolean capped) {
        return (capped ? 3 : 2) * Math.min(CHUNK, tokens) * vocabulary * Float.BYTES;
    }

    /**
     * How well the tokens with a label are told, in the order of the batch.
     *
     * @param losses cross-entropies, in nats
     * @param hits 1 where the token is the likeliest, the first of equally likely ones, else 0
     */
    public record Told(float[] losses, float[] hits) {}

    /**
     * Tells the tokens with a label.
     *
     * @param output of the model's last block
     */
    public Told tell(NDManager owner, NDArray output, Batch batch) {
        if (output.getShape().get(0) == 0) {
            return new Told(new float[0], new float[0]);
        }
        NDList told = script.call(owner, "token_losses", output, model.projectionWeights(), batch.targets());
        return new Told(told.get(0).toFloatArray(), told.get(1).toFloatArray());
    }

    /**
     * The likeliest tokens of each place, the likeliest first.
     *
     * @param probabilities [places][tokens]
     * @param ids [places][tokens]
     */
    public record Likeliest(float[][] probabilities, int[][] ids) {}

    /**
     * Finds the likeliest tokens at the places of those with a label.
     *
     * @param output of the model's last block
     * @param count tokens of each place
     */
    public Likeliest likeliest(NDManager owner, NDArray output, int count) {
        int places = Math.toIntExact(output.getShape().get(0));
        float[][] probabilities = new float[places][count];
        int[][] ids = new int[places][count];
        if (places > 0) {
            NDList found = script.call(owner, "likeliest", output, model.projectionWeights(), count);
            float[] values = found.get(0).toFloatArray();
            long[] tokens = found.get(1).toLongArray();
            for (int i = 0; i < values.length; i++) {
                probabilities[i / count][i % count] = values[i];
                ids[i / count][i % count] = Math.toIntExact(tokens[i]);
            }
        }
        return new Likeliest(probabilities, ids);
    }
}
