package io.github.sparkfinetune.core.model.batch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.EmbeddingConfig.Pooling;
import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.data.dataset.Sample;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Builds the batches of decoders. Attention stays within a document, and positions start at 0 in each document. Filler
 * tokens lengthen the last document. Causal attention of earlier tokens does not see filler tokens, so they change no
 * result.
 *
 * <p>Tensors: {@code positions} [N], I64, in the document; {@code places} [M], I64, the indices of the tokens whose
 * hidden states the last block returns. {@link LayerInputs} describes the tensors of each layer. The targets are the
 * tokens that follow each index. {@link PooledTexts} describes the tensors of embeddings.
 */
public final class DecoderBatch {
    private final NDManager owner;
    private final LayerInputs inputs;

    /** @param owner owner of the batches' tensors */
    public DecoderBatch(NDManager owner, LayerInputs inputs) {
        this.owner = owner;
        this.inputs = inputs;
    }

    /**
     * Builds a batch of samples.
     *
     * @param multiple divisor of the number of rows
     * @param all whether the last block returns the rows of every token instead of those before a label
     */
    public Batch of(List<Sample> samples, ModelShape shape, int multiple, boolean all) {
        Choice choice = (token, target) -> all || target != Sample.IGNORED;
        return of(samples, shape, multiple, document -> choice);
    }

    /**
     * Builds a batch of documents, of each of which the last block returns the row of the last token that is no
     * padding; the first token's row if all are padding, as {@code transformers} chooses it.
     *
     * @param multiple divisor of the number of rows
     * @param padTokenId id of the padding, which a document may also end with, or -1
     */
    public Batch ofLastTokens(List<Sample> samples, ModelShape shape, int multiple, int padTokenId) {
        return of(samples, shape, multiple, document -> {
            int last = lastToken(document, padTokenId);
            return (token, target) -> token == last;
        });
    }

    /**
     * Builds a batch of documents, whose rows the last block pools.
     *
     * @param multiple divisor of the number of rows
     */
    public Batch ofPooled(List<Sample> samples, ModelShape shape, int multiple, Pooling pooling) {
        Batch batch = of(samples, shape, multiple, document -> (token, target) -> false);
        int[] lengths = samples.stream()
                .flatMapToInt(sample -> Arrays.stream(sample.documents()))
                .toArray();
        Map<String, NDArray> tensors = new HashMap<>(batch.tensors());
        tensors.putAll(
                PooledTexts.of(owner, lengths, Math.toIntExact(batch.ids().size()), pooling));
        return new Batch(
                batch.samples(),
                batch.ids(),
                batch.rows(),
                batch.documents(),
                tensors,
                batch.layers(),
                batch.targets());
    }

    private static int lastToken(IntBuffer document, int padTokenId) {
        int last = document.limit() - 1;
        while (last > 0 && document.get(last) == padTokenId) {
            last--;
        }
        return last;
    }

    /** Choice of the tokens of a document whose rows the last block returns. */
    private interface Choice {
        /**
         * Returns whether a token's row is returned.
         *
         * @param token index of the token in the document
         * @param target label of the next token, or {@link Sample#IGNORED}
         */
        boolean takes(int token, int target);
    }

    /** @param choices choice for the token ids of a document */
    private Batch of(List<Sample> samples, ModelShape shape, int multiple, Function<IntBuffer, Choice> choices) {
        int tokens = samples.stream().mapToInt(Sample::length).sum();
        int rows = Batch.roundedUp(tokens, multiple);
        long[] ids = new long[rows];
        long[] positions = new long[rows];
        Targets targets = new Targets(tokens);
        List<Batch.Document> documents = new ArrayList<>();
        int at = 0;
        for (int i = 0; i < samples.size(); i++) {
            Sample sample = samples.get(i);
            int from = 0;
            for (int length : sample.documents()) {
                if (length > shape.tables().positions()) {
                    throw new IllegalArgumentException("a document has " + length + " tokens, the model takes at most "
                            + shape.tables().positions());
                }
                documents.add(new Batch.Document(i, from, length));
                Choice choice = choices.apply(
                        IntBuffer.wrap(sample.inputIds(), from, length).slice());
                for (int t = 0; t < length; t++, at++) {
                    ids[at] = sample.inputIds()[from + t];
                    positions[at] = t;
                    int target = t + 1 < length && sample.labels().length > 0
                            ? sample.labels()[from + t + 1]
                            : Sample.IGNORED;
                    if (choice.takes(t, target)) {
                        targets.add(at, target);
                    }
                }
                from += length;
            }
        }
        // This token's row of the table has a gradient anyway.
        Arrays.fill(ids, tokens, rows, ids[tokens - 1]);
        Batch.Document last = documents.remove(documents.size() - 1);
        documents.add(new Batch.Document(last.sample(), last.firstToken(), last.length() + rows - tokens));
        return of(samples, ids, positions, documents, targets);
    }

    /**
     * Builds a batch of whole prompts, for the hidden state of each prompt's last token.
     *
     * @param prompts token ids, not empty, none longer than the model's maximum
     * @param multiple divisor of the number of rows; filler tokens lengthen the last document
     */
    public Batch ofPrompts(List<int[]> prompts, int multiple) {
        int tokens = prompts.stream().mapToInt(prompt -> prompt.length).sum();
        int rows = Batch.roundedUp(tokens, multiple);
        long[] ids = new long[rows];
        long[] positions = new long[rows];
        Targets ends = new Targets(prompts.size());
        int at = 0;
        for (int[] prompt : prompts) {
            for (int t = 0; t < prompt.length; t++, at++) {
                ids[at] = prompt[t];
                positions[at] = t;
            }
            ends.add(at - 1, Sample.IGNORED);
        }
        List<Batch.Document> documents = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            int filler = i == prompts.size() - 1 ? rows - tokens : 0;
            documents.add(new Batch.Document(-1, 0, prompts.get(i).length + filler));
        }
        return of(List.of(), ids, positions, documents, ends);
    }

    /**
     * Builds a batch of tokens at any positions.
     *
     * @param positions positions of the tokens in their texts
     * @param indices indices of the tokens whose hidden states the last block returns
     */
    public Batch ofTokens(int[] tokens, long[] positions, int[] indices) {
        Targets some = new Targets(indices.length);
        for (int index : indices) {
            some.add(index, Sample.IGNORED);
        }
        List<Batch.Document> documents = Arrays.stream(tokens)
                .mapToObj(token -> new Batch.Document(-1, 0, 1))
                .toList();
        return of(List.of(), Arrays.stream(tokens).asLongStream().toArray(), positions, documents, some);
    }

    private Batch of(
            List<Sample> samples, long[] ids, long[] positions, List<Batch.Document> documents, Targets targets) {
        Map<String, NDArray> tensors =
                Map.of("positions", Tensors.of(owner, positions), "indices", Tensors.of(owner, targets.indices()));
        return new Batch(
                List.copyOf(samples),
                Tensors.of(owner, ids),
                samples.stream().mapToInt(Sample::length).toArray(),
                List.copyOf(documents),
                tensors,
                inputs.of(owner, Batch.lengths(documents), tensors.get("positions")),
                Tensors.of(owner, targets.targets()));
    }

    /** Indices and targets, in the order of the batch. */
    private static final class Targets {
        private final long[] indices;
        private final long[] targets;
        private int count;

        Targets(int tokens) {
            indices = new long[tokens];
            targets = new long[tokens];
        }

        void add(int index, int target) {
            indices[count] = index;
            targets[count++] = target;
        }

        long[] indices() {
            return Arrays.copyOf(indices, count);
        }

        long[] targets() {
            return Arrays.copyOf(targets, count);
        }
    }
}
