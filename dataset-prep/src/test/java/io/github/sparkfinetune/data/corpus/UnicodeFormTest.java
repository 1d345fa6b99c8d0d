package io.github.sparkfinetune.data.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.corpus.CorpusConfig.Normalization;
import org.junit.jupiter.api.Test;

class UnicodeFormTest {
    @Test
    void givesComposedAndCompatibleForms() {
        String text = "cafe\u0301 \uFB01ne \uFF21 \u00BD \u212B";
        assertThat(UnicodeForm.of(text, Normalization.NONE)).isSameAs(text);
        assertThat(UnicodeForm.of(text, Normalization.NFC)).isEqualTo("caf\u00E9 \uFB01ne \uFF21 \u00BD \u00C5");
        assertThat(UnicodeForm.of(text, Normalization.NFKC)).isEqualTo("caf\u00E9 fine A 1\u20442 \u00C5");
    }

    @Test
    void normalisesLineEndsAndRemovesControlCharacters() {
        assertThat(UnicodeForm.of("a\r\nb\rc\u0085d\ne\r", Normalization.NFC)).isEqualTo("a\nb\nc\nd\ne\n");
        assertThat(UnicodeForm.of("\uFEFFa\u0080\u009Fb\uFFFE\uFDD0\uFDEFc\uD83F\uDFFEd", Normalization.NFC))
                .isEqualTo("abcd");
        String kept = "\u00A0\uFDCF\uFDF0\uFFFD\uD83D\uDE00\t";
        assertThat(UnicodeForm.of(kept, Normalization.NFC)).isEqualTo(kept);
        assertThat(UnicodeForm.of("a\r\nb", Normalization.NONE)).isEqualTo("a\r\nb");
    }
}
