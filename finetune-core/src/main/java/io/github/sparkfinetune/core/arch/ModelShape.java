package io.github.sparkfinetune.core.arch;

/**
 * Sizes and rates of a model, independent of its family's names.
 *
 * @param layers number of transformer layers
 * @param widths widths of a token's values
 * @param tables sizes of the lookup tables
 * @param epsilon epsilon of the norms
 * @param activation the feed-forward part's activation, by its name in {@code transformers}
 * @param dropout rates of dropout
 * @param initializerRange standard deviation of new weights
 */
public record ModelShape(
        int layers,
        Widths widths,
        Tables tables,
        double epsilon,
        String activation,
        DropoutRates dropout,
        double initializerRange) {

    /**
     * Widths of a token's values.
     *
     * @param hidden width of a hidden state
     * @param embedding width of the embeddings; if it differs from {@code hidden}, a linear widens their sum
     * @param heads number of attention heads
     * @param kvHeads number of heads of keys and values, a divisor of {@code heads}
     * @param headWidth width of a head
     * @param intermediate width of the feed-forward part
     */
    public record Widths(int hidden, int embedding, int heads, int kvHeads, int headWidth, int intermediate) {
        /** Returns widths of a model whose heads are together as wide as a hidden state and all have keys. */
        public static Widths ofEqualHeads(int hidden, int embedding, int heads, int intermediate) {
            return new Widths(hidden, embedding, heads, heads, hidden / heads, intermediate);
        }
    }

    /**
     * Sizes of the tables that a token looks up.
     *
     * @param vocabulary number of rows of the embedding table
     * @param positions number of positions; rows of the position table, if there is one
     * @param types number of rows of the token type table, 0 without a table
     * @param firstPosition position of the first token (RoBERTa starts at its padding id + 1)
     * @param paddingId id whose embedding row gets no gradient, or -1 for none
     * @param relative number of rows of a table of relative positions that each layer reads like tokens, 0 without a
     *     table
     */
    public record Tables(int vocabulary, int positions, int types, int firstPosition, int paddingId, int relative) {
        /** Returns tables of a model without tables of types and of relative positions. */
        public static Tables ofTokens(int vocabulary, int positions, int paddingId) {
            return new Tables(vocabulary, positions, 0, 0, paddingId, 0);
        }
    }

    /**
     * Rates of dropout.
     *
     * @param embedding rate on the embeddings
     * @param hidden rate on the feed-forward output, and on the table of relative positions
     * @param attentionOutput rate on the attention's output
     * @param probs rate on the attention's probabilities
     */
    public record DropoutRates(double embedding, double hidden, double attentionOutput, double probs) {
        /** No dropout. */
        public static final DropoutRates NONE = new DropoutRates(0, 0, 0, 0);
    }

    /** Returns the width of a hidden state. */
    public int hidden() {
        return widths.hidden();
    }

    /** Returns the width of the embeddings. */
    public int embedding() {
        return widths.embedding();
    }

    /** Returns the number of attention heads. */
    public int heads() {
        return widths.heads();
    }

    /** Returns the number of heads of keys and values. */
    public int kvHeads() {
        return widths.kvHeads();
    }

    /** Returns the width of a head. */
    public int headWidth() {
        return widths.headWidth();
    }

    /** Returns the width of the feed-forward part. */
    public int intermediate() {
        return widths.intermediate();
    }

    /** Returns the number of rows of the embedding table. */
    public int vocabulary() {
        return tables.vocabulary();
    }

    /** Returns the id of the padding token, whose embedding row gets no gradient; -1 for none. */
    public int paddingId() {
        return tables.paddingId();
    }

    /** Returns the length of the longest sample in tokens. */
    public int maxLength() {
        return tables.positions() - tables.firstPosition();
    }

    /** Returns the width of all queries. */
    public int queryWidth() {
        return heads() * headWidth();
    }

    /** Returns the width of all keys, which is also that of all values. */
    public int keyWidth() {
        return kvHeads() * headWidth();
    }
}
