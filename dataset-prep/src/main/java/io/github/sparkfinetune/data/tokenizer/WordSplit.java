package io.github.sparkfinetune.data.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.data.hf.TokenizerFiles;

/**
 * Cuts a text into pieces whose tokens, one piece after another, are the tokens of the text. A cut is between a
 * printable ASCII character and ASCII white space, for tokenizers that never look across such a place.
 *
 * <p>These tokenizers are BERT's, and byte-level BPE with GPT-2's regex, with or without digits split off first. BERT's
 * normalizer works on single characters and their combining marks, and its words end at white space. No match of
 * GPT-2's regex begins before white space and continues behind it. A tokenizer is excluded if an added token contains
 * white space or takes the white space after it ({@code rstrip}). A text of any other tokenizer is one piece.
 */
final class WordSplit {
    private final boolean splits;

    private WordSplit(boolean splits) {
        this.splits = splits;
    }

    static WordSplit of(String tokenizerJson) {
        JsonNode tokenizer = TokenizerFiles.tree(tokenizerJson);
        boolean splits = splitsAtWhiteSpace(tokenizer) || isByteLevel(tokenizer);
        for (JsonNode token : tokenizer.path("added_tokens")) {
            splits &= token.path("content").asText().chars().noneMatch(Character::isWhitespace);
            splits &= !token.path("rstrip").asBoolean();
        }
        return new WordSplit(splits);
    }

    private static boolean splitsAtWhiteSpace(JsonNode tokenizer) {
        JsonNode normalizer = tokenizer.path("normalizer");
        return tokenizer.path("pre_tokenizer").path("type").asText().equals("BertPreTokenizer")
                && (isAbsent(normalizer) || normalizer.path("type").asText().equals("BertNormalizer"));
    }

    private static boolean isByteLevel(JsonNode tokenizer) {
        JsonNode splitter = tokenizer.path("pre_tokenizer");
        JsonNode steps = splitter.path("pretokenizers");
        if (splitter.path("type").asText().equals("Sequence")
                && steps.size() == 2
                && steps.get(0).path("type").asText().equals("Digits")) {
            // SmolLM2 has this sequence: each step splits the pieces of the step before.
            splitter = steps.get(1);
        }
        return splitter.path("type").asText().equals("ByteLevel")
                && splitter.path("use_regex").asBoolean(true)
                // Otherwise every piece would get a space in front.
                && !splitter.path("add_prefix_space").asBoolean(true)
                && isAbsent(tokenizer.path("normalizer"));
    }

    private static boolean isAbsent(JsonNode node) {
        return node.isNull() || node.isMissingNode();
    }

    /** Returns the end of the piece that begins at {@code start}: white space and the word behind it. */
    int end(String text, int start) {
        if (!splits) {
            return text.length();
        }
        for (int i = start + 1; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
                char before = text.charAt(i - 1);
                if (before > ' ' && before < 0x7F) {
                    return i;
                }
            }
        }
        return text.length();
    }
}
