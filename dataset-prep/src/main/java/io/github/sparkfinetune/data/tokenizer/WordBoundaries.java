package io.github.sparkfinetune.data.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.data.hf.Vocabulary;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;

/**
 * Finds the tokens that continue a word from the vocabulary alone, so that the words of a sample are known without its
 * text.
 *
 * <p>A WordPiece token continues a word if it begins with the model's prefix ({@code ##}). A byte-level or
 * SentencePiece token continues a word if it has no mark of white space ({@code Ġ}, {@code ▁}), begins with a letter or
 * digit, and the token before ends with a letter or digit. Ideographs are words by themselves, as in BERT. In a
 * byte-level vocabulary all bytes beyond ASCII count as letters. A token that was added to the vocabulary is a word.
 */
public final class WordBoundaries {
    /** Marks of white space. */
    private static final String PIECE_MARK = "▁";

    private static final String BYTE_MARK = "Ġ";

    /** Characters of the byte-level alphabet that stand for control bytes and the space. */
    private static final int FIRST_BLANK_BYTE = 0x100;

    private static final int LAST_BLANK_BYTE = 0x121;

    private final BitSet continuing = new BitSet();
    private final BitSet open = new BitSet();

    private WordBoundaries() {}

    /**
     * Returns the word boundaries of a tokenizer; empty if its tokens do not show them.
     *
     * @param tokenizer content of {@code tokenizer.json}
     */
    public static Optional<WordBoundaries> of(JsonNode tokenizer) {
        JsonNode model = tokenizer.path("model");
        WordBoundaries boundaries = new WordBoundaries();
        if (model.path("type").asText().equals("WordPiece")) {
            String prefix = model.path("continuing_subword_prefix").asText("##");
            Vocabulary.tokens(tokenizer).forEach((id, token) -> {
                boundaries.open.set(id);
                boundaries.continuing.set(id, token.startsWith(prefix));
            });
        } else if (hasType(tokenizer, "ByteLevel")) {
            Vocabulary.tokens(tokenizer)
                    .forEach((id, token) -> boundaries.add(id, token, WordBoundaries::isByteOfWord));
        } else if (hasType(tokenizer, "Metaspace")) {
            Vocabulary.tokens(tokenizer).forEach((id, token) -> boundaries.add(id, token, WordBoundaries::isOfWord));
        } else {
            return Optional.empty();
        }
        for (JsonNode added : tokenizer.path("added_tokens")) {
            boundaries.continuing.clear(added.path("id").asInt());
            boundaries.open.clear(added.path("id").asInt());
        }
        return Optional.of(boundaries);
    }

    private static boolean hasType(JsonNode tokenizer, String type) {
        return List.of("pre_tokenizer", "decoder").stream()
                .anyMatch(part -> tokenizer.path(part).findValuesAsText("type").contains(type));
    }

    private void add(int id, String token, IntPredicate ofWord) {
        if (!token.isEmpty()) {
            continuing.set(id, ofWord.test(token.codePointAt(0)));
            open.set(id, ofWord.test(token.codePointBefore(token.length())) || isMark(token));
        }
    }

    /** Returns whether a token is only a mark of white space, which belongs to the next word. */
    private static boolean isMark(String token) {
        return token.equals(PIECE_MARK) || token.equals(BYTE_MARK);
    }

    private static boolean isByteOfWord(int character) {
        boolean ascii = character < 0x80;
        boolean blank = character >= FIRST_BLANK_BYTE && character <= LAST_BLANK_BYTE;
        return ascii ? Character.isLetterOrDigit(character) : !blank;
    }

    private static boolean isOfWord(int character) {
        boolean mark = Character.getType(character) == Character.NON_SPACING_MARK
                || Character.getType(character) == Character.COMBINING_SPACING_MARK;
        return (mark || Character.isLetterOrDigit(character)) && !Character.isIdeographic(character);
    }

    /**
     * Returns whether a token belongs to the word of the token before it.
     *
     * @param previous id of the token before
     * @param id id of the token
     */
    public boolean continues(int previous, int id) {
        return continuing.get(id) && open.get(previous);
    }
}
