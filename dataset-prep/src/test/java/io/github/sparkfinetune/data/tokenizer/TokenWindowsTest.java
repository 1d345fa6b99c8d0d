package io.github.sparkfinetune.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;

class TokenWindowsTest {
    @Test
    void windowsOverlapAndReachTheEnd() {
        TokenWindows windows = new TokenWindows(20, 8, 3);
        assertThat(windows.count()).isEqualTo(4);
        assertThat(windows.start(3)).isEqualTo(15);
        assertThat(windows.end(2)).isEqualTo(18);
        assertThat(windows.end(3)).isEqualTo(20);
        assertThat(new TokenWindows(18, 8, 3).count()).isEqualTo(3);
        assertThat(new TokenWindows(8, 8, 3).count()).isEqualTo(1);
        assertThat(new TokenWindows(9, 8, 0).count()).isEqualTo(2);
        assertThatThrownBy(() -> new TokenWindows(9, 8, 8)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void choosesTheWindowWithTheMostContext() {
        // Windows [0, 8), [5, 13), [10, 18), [15, 20): the middle of an overlap separates the words.
        assertThat(new TokenWindows(20, 8, 3).ofWords(new int[] {0, 5, 6, 7, 9, 11, 12, 15, 16, 19}))
                .containsExactly(0, 0, 0, 1, 1, 1, 2, 2, 3, 3);
        // Without overlap only one window holds a word.
        assertThat(new TokenWindows(9, 4, 0).ofWords(new int[] {3, 4, 8})).containsExactly(0, 1, 2);
        // A word longer than a window.
        assertThat(new TokenWindows(40, 8, 3).ofWords(new int[] {0, 1, 31})).containsExactly(0, 0, 6);
    }

    @Test
    void noOtherWindowHasMoreContextForAWord() {
        Random random = new Random(7);
        for (int round = 0; round < 2000; round++) {
            int room = 2 + random.nextInt(12);
            TokenWindows windows = new TokenWindows(1 + random.nextInt(80), room, random.nextInt(room));
            int[] firsts = random.ints(0, windows.tokens())
                    .limit(1 + random.nextInt(30))
                    .distinct()
                    .sorted()
                    .toArray();
            int[] chosen = windows.ofWords(firsts);
            for (int word = 0; word < firsts.length; word++) {
                int end = word + 1 < firsts.length ? firsts[word + 1] : windows.tokens();
                int best = -1;
                for (int window = 0; window < windows.count(); window++) {
                    boolean holds = firsts[word] >= windows.start(window) && firsts[word] < windows.end(window);
                    if (holds
                            && (best < 0
                                    || context(windows, window, firsts[word], end)
                                            > context(windows, best, firsts[word], end))) {
                        best = window;
                    }
                }
                assertThat(chosen[word])
                        .as("%s word %d of %s", windows, word, firsts)
                        .isEqualTo(best);
            }
        }
    }

    private static int context(TokenWindows windows, int window, int first, int end) {
        int before = window == 0 ? Integer.MAX_VALUE : first - windows.start(window);
        int after = window == windows.count() - 1 ? Integer.MAX_VALUE : windows.end(window) - end;
        return Math.min(before, after);
    }
}
