package io.github.sparkfinetune.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunException;

/**
 * Drops the part of a long text that cannot reach the first tokens, so that a book does not cost a book's tokenization
 * for 128 tokens. It is exact: it cuts only before white space and behind more words than tokens are wanted, where
 * every counted word has a letter or digit and so gives at least one token, and it does so only for tokenizers that
 * split at white space first (BERT's, byte-level BPE with its regex) and know no added token that spans white space.
 * For any other tokenizer it keeps the whole text.
 */
final class PrefixCut {
    private final boolean splitsAtSpace;

    private PrefixCut(boolean splitsAtSpace) {
        this.splitsAtSpace = splitsAtSpace;
    }

    static PrefixCut of(String tokenizerJson) {
        JsonNode tokenizer;
        try {
            tokenizer = new ObjectMapper().readTree(tokenizerJson);
        } catch (JsonProcessingException e) {
            throw RunException.data("tokenizer.json is not JSON (" + e.getOriginalMessage() + ")", e);
        }
        JsonNode splitter = tokenizer.path("pre_tokenizer");
        String type = splitter.path("type").asText();
        boolean splits = type.equals("BertPreTokenizer")
                || (type.equals("ByteLevel") && splitter.path("use_regex").asBoolean(true));
        JsonNode normalizer = tokenizer.path("normalizer");
        boolean plain = normalizer.isNull()
                || normalizer.isMissingNode()
                || normalizer.path("type").asText().equals("BertNormalizer");
        for (JsonNode token : tokenizer.path("added_tokens")) {
            plain &= token.path("content").asText().chars().noneMatch(Character::isWhitespace);
        }
        return new PrefixCut(splits && plain);
    }

    /** A prefix of the text with the same first {@code tokens} tokens, and more than that where the text has more. */
    String cut(String text, int tokens) {
        // A word and its white space take two characters at least.
        if (!splitsAtSpace || text.length() / 2 <= tokens) {
            return text;
        }
        int words = 0;
        boolean counted = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
                if (counted && words > tokens + 1) {
                    return text.substring(0, i);
                }
                counted = false;
            } else if (!counted && asciiLetterOrDigit(c)) {
                counted = true;
                words++;
            }
        }
        return text;
    }

    private static boolean asciiLetterOrDigit(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }
}
