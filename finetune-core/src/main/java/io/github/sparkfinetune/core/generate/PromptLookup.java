package io.github.sparkfinetune.core.generate;

import java.util.Arrays;

/**
 * A prompt with its answer, and tokens that may follow: those that followed the text's last tokens where these occurred
 * before. A summary or an extract repeats parts of its prompt (source: {@code prompt_lookup_num_tokens} of Hugging
 * Face's {@code generate}, which takes the first occurrence instead of the last).
 */
final class PromptLookup {
    /** Largest number of last tokens that are looked up. */
    private static final int NGRAM = 3;

    private final int[] tokens;
    private int length;

    /** @param room largest number of tokens of the answer */
    PromptLookup(int[] prompt, int room) {
        tokens = Arrays.copyOf(prompt, prompt.length + room);
        length = prompt.length;
    }

    void add(int token) {
        tokens[length++] = token;
    }

    /** Returns the number of tokens of the prompt and the answer. */
    int length() {
        return length;
    }

    int last() {
        return tokens[length - 1];
    }

    /** Returns the tokens from an index on. */
    int[] tokens(int from) {
        return Arrays.copyOfRange(tokens, from, length);
    }

    /**
     * Returns tokens that may follow.
     *
     * @param most largest number of tokens
     * @return as many tokens as are known; none if the text does not repeat itself
     */
    int[] following(int most) {
        for (int n = Math.min(NGRAM, length - 1); n > 0 && most > 0; n--) {
            for (int end = length - 1; end >= n; end--) {
                if (Arrays.equals(tokens, end - n, end, tokens, length - n, length)) {
                    return Arrays.copyOfRange(tokens, end, Math.min(length, end + most));
                }
            }
        }
        return new int[0];
    }
}
