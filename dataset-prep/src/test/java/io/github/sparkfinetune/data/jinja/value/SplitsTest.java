package io.github.sparkfinetune.data.jinja.value;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.data.Allocated;
import java.util.List;
import org.junit.jupiter.api.Test;

class SplitsTest {
    private static List<Object> fromRight(String text, String separator, long most) {
        return Splits.splitFromRight(new Limits(), text, separator, most);
    }

    @Test
    void splitsFromTheRightAsPython() {
        assertThat(fromRight(" a \t b  c ", null, -1)).containsExactly("a", "b", "c");
        assertThat(fromRight(" a \t b  c ", null, 1)).containsExactly(" a \t b", "c");
        assertThat(fromRight("  ", null, -1)).isEmpty();
        assertThat(fromRight("a,b,,c", ",", 2)).containsExactly("a,b", "", "c");
        assertThat(fromRight("", ",", -1)).containsExactly("");
    }

    /** A template of a stranger may split a text of 16 million characters, within its steps. */
    @Test
    void copiesEachCharacterOnce() {
        long small = Allocated.by(() -> fromRight("a ".repeat(5_000), null, -1));
        long large = Allocated.by(() -> fromRight("a ".repeat(20_000), null, -1));

        assertThat(large)
                .as("bytes for four times the text, %s for it once", small)
                .isLessThan(6 * small);
    }
}
