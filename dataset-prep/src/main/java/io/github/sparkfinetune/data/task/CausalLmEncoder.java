package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.util.Arrays;

/**
 * A text as a document whose every token is learnt: the ids of {@code tokenizer(text)} and the token that ends a text,
 * where it is not there already (TRL's {@code add_eos}).
 */
public final class CausalLmEncoder {
    private final TextTokenizer tokenizer;
    private final int eosTokenId;

    /** @param eosTokenId id of the token that ends a text */
    public CausalLmEncoder(TextTokenizer tokenizer, int eosTokenId) {
        this.tokenizer = tokenizer;
        this.eosTokenId = eosTokenId;
    }

    /**
     * A text as a document.
     *
     * @param enough how many tokens the caller has a use for: of a text with more the result is a prefix that is longer
     *     than that
     */
    public Document encode(String text, int enough) {
        int[] ids = tokenizer.encodeDocument(text, enough);
        if (ids.length == 0 || ids[ids.length - 1] != eosTokenId) {
            ids = Arrays.copyOf(ids, ids.length + 1);
            ids[ids.length - 1] = eosTokenId;
        }
        return new Document(ids, ids);
    }
}
