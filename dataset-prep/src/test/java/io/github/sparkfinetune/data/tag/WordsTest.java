package io.github.sparkfinetune.data.tag;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class WordsTest {
    @Test
    void findsRunsPunctuationMarksAndChineseCharacters() {
        assertThat(Words.found(" Dr. O'Brien,\t(42)\u00a0paid 5\u20ac!\n").list())
                .containsExactly("Dr", ".", "O", "'", "Brien", ",", "(", "42", ")", "paid", "5", "\u20ac", "!");
        assertThat(Words.found("e\u0301t\u00e9 \ud83d\ude00\ud83d\ude00x\u4e2d\u6587\u30ab\uac00\uac00 \ud840\udc00y")
                        .list())
                .containsExactly(
                        "e\u0301t\u00e9",
                        "\ud83d\ude00",
                        "\ud83d\ude00",
                        "x",
                        "\u4e2d",
                        "\u6587",
                        "\u30ab",
                        "\uac00\uac00",
                        "\ud840\udc00",
                        "y");
        assertThat(Words.found(" \u3000 ").list()).isEmpty();
        assertThat(Words.found("").list()).isEmpty();
    }

    @Test
    void joinsAListToAText() {
        Words words = Words.joined(List.of("New York", "", "is"));
        assertThat(words.text()).isEqualTo("New York  is");
        assertThat(words.list()).containsExactly("New York", "", "is");
        assertThat(Words.parse(words.toJson())).isEqualTo(words);
        assertThat(words).hasSameHashCodeAs(Words.parse(words.toJson())).hasToString("Words[New York, , is]");
        assertThatThrownBy(() -> Words.parse("{")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Words("a", new int[1], new int[0])).isInstanceOf(IllegalArgumentException.class);
    }
}
