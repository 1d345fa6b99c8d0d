package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.Encoder;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;

/**
 * Mean cross-entropy over the vocabulary of the tokens with a label. The label is the next token, as in
 * {@code transformers.loss.ForCausalLMLoss}, or a masked token, as in {@code ForMaskedLMLoss}. Logits are computed only
 * for these tokens, at most {@value #CHUNK} tokens at a time, or {@value #GPU_CHUNK} on a GPU. The script computes
 * their gradient, softmax minus one-hot, itself. Therefore a tensor [tokens, vocabulary] of a long batch never exists.
 */
public final class VocabularyLoss implements Objective {
    /** Maximum number of tokens whose logits exist at once on the CPU. */
    public static final int CHUNK = 256;

    /** Maximum number of tokens whose logits exist at once on a GPU, whose products of few tokens are slow. */
    public static final int GPU_CHUNK = 4096;

    /**
     * Bytes of the logits in F32 that are computed at once on the CPU, so that they stay in its cache. The softmax and
     * its gradient of 64 tokens on one core of a Xeon with 2 MB of cache per core, in ms of processor time:
     *
     * <table>
     * <tr><th>vocabulary<th>1 MB<th>2 MB<th>3 MB<th>4 MB<th>8 MB<th>16 MB<th>32 MB
     * <tr><td>49,152<td>5.8<td>5.9<td>6.1<td><td>5.9<td>6.4<td>
     * <tr><td>262,144<td>34.8<td>37.1<td>34.6<td>34.6<td>35.1<td>52.2<td>70.0
     * </table>
     */
    private static final int PART_BYTES = 1 << 22;

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
        int chunk = Device.of(manager).readsInPlace() ? CHUNK : GPU_CHUNK;
        int part = part(model.table().shape()[0]);
        return new VocabularyLoss(script(manager, model.matmul(), chunk, part, model.logitCap()), model, predicted);
    }

    /** Returns the number of tokens whose logits in F32 stay in a CPU's cache, at least one. */
    static int part(long vocabulary) {
        return Math.toIntExact(Math.max(1, PART_BYTES / Float.BYTES / vocabulary));
    }

    /**
     * @param chunk number of tokens whose logits exist at once
     * @param part number of tokens whose logits are in F32 at once
     * @param cap cap of the logits, 0 for none
     */
    static ScriptModule script(NDManager manager, MatmulBackend matmul, int chunk, int part, double cap) {
        return ScriptModule.load(
                manager,
                List.of(matmul.module(), "core.objective.vocabulary_loss"),
                Map.of("chunk", chunk, "part", part, "logit_cap", cap));
    }

    @Override
    public TermWeights weights(List<Sample> samples) {
        return TermWeights.of(
                samples.stream().mapToDouble(predicted::applyAsInt).sum());
    }

    @Override
    public Loss loss(
            NDManager owner,
            Map<String, NDArray> outputs,
            Batch batch,
            TermWeights weights,
            Map<String, NDArray> lmHead,
            boolean add) {
        NDList result = script.call(
                owner,
                "vocabulary_loss",
                outputs.get(Model.LAST_HIDDEN_STATE),
                model.lmHeadWeights(),
                batch.targets(),
                weights.scale(0),
                lmHead,
                add);
        return Loss.of(result, Model.LAST_HIDDEN_STATE);
    }

    /**
     * Losses of the tokens with a label, and the gradient of each by its hidden state.
     *
     * @param losses losses in the order of the batch [M], in nats
     * @param gradient gradients [M, hidden], input of {@link #weighted(NDManager, TokenGradients, NDArray)}
     */
    record TokenGradients(NDArray losses, NDArray gradient) {}

    /** Differentiates each token's loss. */
    TokenGradients tokenGradients(NDManager owner, NDArray hidden, Batch batch) {
        NDList result = script.call(owner, "token_gradients", hidden, model.lmHeadWeights(), batch.targets());
        return new TokenGradients(result.get(0), result.get(1));
    }

    /** Returns the loss of each token with a label [M], in nats; M is at least 1. */
    NDArray losses(NDManager owner, NDArray hidden, Batch batch) {
        return script.call(owner, "token_losses", hidden, model.lmHeadWeights(), batch.targets())
                .get(0);
    }

    /**
     * Returns the gradient of a weighted sum of the tokens' losses by the hidden states, for a frozen head.
     *
     * @param weights weights of the tokens [M]
     */
    NDArray weighted(NDManager owner, TokenGradients tokens, NDArray weights) {
        return script.callOne(owner, "weighted", tokens.gradient(), weights);
    }

    /**
     * Returns the gradient of a weighted sum of the tokens' losses by the hidden states, for a trained head.
     *
     * @param weights weights of the tokens [M]
     * @param lmHead receive the gradients of the head's weights
     * @param add whether gradients are added to the present values instead of replacing them
     */
    NDArray weighted(
            NDManager owner, NDArray hidden, Batch batch, NDArray weights, Map<String, NDArray> lmHead, boolean add) {
        return script.callOne(
                owner, "weighted_gradients", hidden, model.lmHeadWeights(), batch.targets(), weights, lmHead, add);
    }

    /**
     * Returns the peak memory of logits and their gradient, in bytes.
     *
     * @param tokens number of tokens with a label
     * @param capped whether the logits have a cap, whose slope takes memory too
     * @param onGpu whether the model is on a GPU
     */
    public static long bytes(long tokens, long vocabulary, boolean capped, boolean onGpu) {
        return (capped ? 3 : 2) * Math.min(onGpu ? GPU_CHUNK : CHUNK, tokens) * vocabulary * Float.BYTES;
    }

    /**
     * Loss and top-1 hit of each token with a label, in the order of the batch.
     *
     * @param losses cross-entropies, in nats
     * @param hits 1 if the label is the most probable token, or the first of equally probable tokens; else 0
     */
    public record TokenLosses(float[] losses, float[] hits) {}

    /**
     * Returns the losses and hits of the tokens with a label.
     *
     * @param output output of the model's last block
     */
    public TokenLosses tokenLosses(NDManager owner, NDArray output, Batch batch) {
        if (output.getShape().get(0) == 0) {
            return new TokenLosses(new float[0], new float[0]);
        }
        NDList losses = script.call(owner, "token_losses", output, model.lmHeadWeights(), batch.targets());
        return new TokenLosses(losses.get(0).toFloatArray(), losses.get(1).toFloatArray());
    }

    /**
     * The most probable tokens of each row, the most probable first.
     *
     * @param probabilities probabilities [rows][tokens]
     * @param ids token ids [rows][tokens]
     */
    public record Likeliest(float[][] probabilities, int[][] ids) {}

    /**
     * Returns the most probable tokens in the rows of the tokens with a label.
     *
     * @param output output of the model's last block
     * @param count number of tokens per row
     */
    public Likeliest likeliest(NDManager owner, NDArray output, int count) {
        int rows = Math.toIntExact(output.getShape().get(0));
        float[][] probabilities = new float[rows][count];
        int[][] ids = new int[rows][count];
        if (rows > 0) {
            NDList found = script.call(owner, "likeliest", output, model.lmHeadWeights(), count);
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
