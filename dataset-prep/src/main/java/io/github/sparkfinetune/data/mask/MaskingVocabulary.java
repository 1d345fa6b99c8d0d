package io.github.sparkfinetune.data.mask;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.hf.Vocabulary;
import io.github.sparkfinetune.data.tokenizer.WordBoundaries;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;

/**
 * What masking knows of a tokenizer.
 *
 * @param maskTokenId id of the token that stands for a masked one
 * @param size ids that a random token is drawn from: [0, size)
 * @param special ids of the tokens that are never masked: those with a role, the unknown one included, and those that
 *     were added as special
 * @param words which tokens continue a word; empty where the tokens do not tell, or nobody asks
 */
public record MaskingVocabulary(int maskTokenId, int size, BitSet special, Optional<WordBoundaries> words) {

    public MaskingVocabulary {
        if (!special.get(maskTokenId)) {
            throw new IllegalArgumentException("the mask token " + maskTokenId + " is not special");
        }
    }

    /**
     * That of a tokenizer, which words are masked by too.
     *
     * @param model the model's name in messages
     * @throws RunException if it has no mask token
     */
    public static MaskingVocabulary of(String model, TokenizerFiles files) {
        return of(model, files, true);
    }

    /** The same without {@link #words}, which take a pass over the vocabulary to find. */
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

    /** The ids as labels: those of the tokens that may be masked, else {@link Sample#IGNORED}. */
    public int[] maskable(int[] inputIds) {
        return Arrays.stream(inputIds)
                .map(id -> special.get(id) ? Sample.IGNORED : id)
                .toArray();
    }

    /** The ids as labels: those of the mask tokens, else {@link Sample#IGNORED}. */
    public int[] masks(int[] inputIds) {
        return Arrays.stream(inputIds)
                .map(id -> id == maskTokenId ? id : Sample.IGNORED)
                .toArray();
    }
}
