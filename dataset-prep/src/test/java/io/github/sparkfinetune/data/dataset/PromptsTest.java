package io.github.sparkfinetune.data.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class PromptsTest {
    private static final int NO = Sample.IGNORED;

    @Test
    void findsTheFirstAnswerOfEachDocument() {
        Sample sample = Sample.ofDocuments(
                0,
                new int[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11},
                new int[] {NO, NO, 3, 4, NO, 6, NO, 8, 9, 10, NO},
                6,
                3,
                2);
        List<Prompts.Prompt> prompts = Prompts.of(sample);
        assertThat(prompts).hasSize(2);
        assertThat(prompts.get(0).inputIds()).containsExactly(1, 2);
        assertThat(prompts.get(0).answerIds()).containsExactly(3, 4);
        assertThat(prompts.get(1).inputIds()).containsExactly(7);
        assertThat(prompts.get(1).answerIds()).containsExactly(8, 9);
        // Tokens 3 and 4; 6; 8 and 9. In the last document the first token has a label, which nothing precedes.
        assertThat(sample.labelTokens()).isEqualTo(5);
    }

    @Test
    void findsNoPromptInATextWithoutQuestion() {
        int[] ids = {1, 2, 3};
        assertThat(Prompts.of(Sample.ofDocuments(0, ids, ids, 2, 1))).isEmpty();
        assertThat(Prompts.of(new Sample(0, ids, ids, 1))).isEmpty();
    }
}
