package io.github.sparkfinetune.data.tag;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.data.dataset.UnusableRowException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class Iob2Test {
    @ParameterizedTest
    @CsvSource(textBlock = """
        # IOB2
        B-PER I-PER O B-PER B-PER,              B-PER I-PER O B-PER B-PER
        # IOB1
        I-PER I-PER O I-LOC I-PER B-PER I-PER,  B-PER I-PER O B-LOC B-PER B-PER I-PER
        # BILOU
        B-PER I-PER L-PER U-PER U-PER O B-A L-A U-A, B-PER I-PER I-PER B-PER B-PER O B-A I-A B-A
        # BIOES
        B-PER I-PER E-PER S-PER S-LOC O,        B-PER I-PER I-PER B-PER B-LOC O
        # A type with a dash in it
        B-work-of-art L-work-of-art,            B-work-of-art I-work-of-art
        # Parts of speech
        NN VB -LRB- NN-TL . - O B I,            NN VB -LRB- NN-TL . - O B I
        """)
    void convertsEverySchemeToIob2(String tags, String expected) throws UnusableRowException {
        assertThat(Iob2.of(List.of(tags.split(" ")))).containsExactly(expected.split(" "));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "O B-",
                "I- O",
                "B-PER PER",
                "B-PER NN",
                "B-PER I-PER O B",
                "E-LOC",
                "O L-PER",
                "U-PER I-PER",
                "B-PER L-LOC",
                "B-PER O U-PER",
                "B-PER U-PER",
                "B-PER B-PER L-PER",
                "B-PER L-PER L-PER",
                "U-PER B-PER"
            })
    void refusesTagsOfNoScheme(String tags) {
        assertThatThrownBy(() -> Iob2.of(List.of(tags.split(" "))))
                .isInstanceOfSatisfying(
                        UnusableRowException.class,
                        refused -> assertThat(refused.reason()).isEqualTo("malformed_tags"));
    }

    @Test
    void splitsATagIntoPrefixAndType() {
        assertThat(Iob2.type("I-work-of-art")).isEqualTo("work-of-art");
        assertThat(Iob2.type("NN-TL")).isEqualTo("NN-TL");
        assertThat(Iob2.begins("B-X")).isTrue();
        assertThat(Iob2.begins("I-X")).isFalse();
    }
}
