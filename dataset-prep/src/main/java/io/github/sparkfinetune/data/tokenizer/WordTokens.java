package io.github.sparkfinetune.data.tokenizer;

import java.util.Arrays;
import java.util.List;

/**
 * Tokens of words.
 *
 * @param inputIds token ids
 * @param wordIds number of the word of each token, from 0
 */
public record WordTokens(int[] inputIds, int[] wordIds) {

    /** @param ofWords token ids of each word */
    static WordTokens of(List<int[]> ofWords) {
        int size = ofWords.stream().mapToInt(ids -> ids.length).sum();
        WordTokens tokens = new WordTokens(new int[size], new int[size]);
        int at = 0;
        for (int word = 0; word < ofWords.size(); word++) {
            int[] ids = ofWords.get(word);
            System.arraycopy(ids, 0, tokens.inputIds, at, ids.length);
            Arrays.fill(tokens.wordIds, at, at + ids.length, word);
            at += ids.length;
        }
        return tokens;
    }
}
