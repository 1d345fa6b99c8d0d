package io.github.sparkfinetune.core.generate;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PromptLookupTest {
    @Test
    void findsWhatFollowedTheLongestRepeatedEnd() {
        PromptLookup text = new PromptLookup(new int[] {1, 2, 3, 4, 2, 3, 5, 9}, 8);
        assertThat(text.following(4)).isEmpty();
        text.add(2);
        text.add(3);
        assertThat(text.following(4)).as("the last of two places").containsExactly(5, 9, 2, 3);
        assertThat(text.following(1)).containsExactly(5);
        text.add(4);
        assertThat(text.following(2)).as("three tokens are alike").containsExactly(2, 3);
        assertThat(text.following(0)).isEmpty();
        assertThat(text.last()).isEqualTo(4);
        assertThat(text.tokens(8)).containsExactly(2, 3, 4);
    }

    @Test
    void repeatsASingleToken() {
        PromptLookup text = new PromptLookup(new int[] {7, 7}, 2);
        assertThat(text.following(5)).containsExactly(7);
        assertThat(new PromptLookup(new int[] {7}, 2).following(5)).isEmpty();
    }
}
