package io.github.sparkfinetune.data.mask;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.hf.Vocabulary;
import io.github.sparkfinetune.data.tokenizer.WordBoundaries;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;

/**
 * Vocabulary of a tokenizer, as masking needs it.
 *
 * @param maskTokenId id of the mask token
 * @param size random tokens are drawn from the ids [0, size)
 * @param special ids that are never masked: tokens with a role, including the unknown token, and tokens added as
 *     special
 * @param words finds the tokens that continue a word; empty if the tokens do not show it, or whole words are not masked
 */
public record MaskingVocabulary(int maskTokenId, int size, BitSet special, Optional<WordBoundaries> words) {

    public MaskingVocabulary {
        if (!special.get(maskTokenId)) {
            throw new IllegalArgumentException("the mask token " + maskTokenId + " is not special");
        }
    }

    /**
     * Returns the vocabulary for masking whole words too.
     *
     * @param model name of the model in messages
     * @throws RunException if the tokenizer has no mask token
     */
    public static MaskingVocabulary of(String model, TokenizerFiles files) {
        return of(model, files, true);
    }

    /** Returns the vocabulary without {@link #words}, which take a pass over all tokens to find. */
    public static MaskingVocabulary ofTokens(String model, TokenizerFiles files) {
        return of(model, files, false);
    }

    private static MaskingVocabulary of(String model, TokenizerFiles files, boolean words) {
        JsonNode tokenizer = TokenizerFiles.tree(files.texts().json());
        BitSet special = new BitSet();
        for (JsonNode added : tokenizer.path("added_tokens")) {
            special.set(added.path("id").asInt(), added.path("special").asBoolean());
        }
        files.special().byRole().values().stream()
                .mapToInt(token -> Vocabulary.id(tokenizer, token))
                .filter(id -> id >= 0)
                .forEach(special::set);
        String mask = files.special().byRole().get("mask_token");
        int maskTokenId = mask == null ? -1 : Vocabulary.id(tokenizer, mask);
        if (maskTokenId < 0) {
            throw RunException.data(model + ": the tokenizer has no mask token (mask_token in tokenizer_config.json)"
                    + ", which task masked-lm needs: take a model that was trained with one");
        }
        return new MaskingVocabulary(
                maskTokenId, files.vocabularySize(), special, words ? WordBoundaries.of(tokenizer) : Optional.empty());
    }

    /** Returns labels for the tokens that may be masked, {@link Sample#IGNORED} for the others. */
    public int[] maskable(int[] inputIds) {
        return Arrays.stream(inputIds)
                .map(id -> special.get(id) ? Sample.IGNORED : id)
                .toArray();
    }

    /** Returns labels for the mask tokens, {@link Sample#IGNORED} for the others. */
    public int[] masks(int[] inputIds) {
        return Arrays.stream(inputIds)
                .map(id -> id == maskTokenId ? id : Sample.IGNORED)
                .toArray();
    }
}
