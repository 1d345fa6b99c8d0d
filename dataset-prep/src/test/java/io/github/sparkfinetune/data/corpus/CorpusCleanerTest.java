package io.github.sparkfinetune.data.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.corpus.CorpusConfig;
import io.github.sparkfinetune.conf.corpus.CorpusConfig.Masking;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CorpusCleanerTest {
    private static final CorpusConfig ALL = Corpora.config(
            "normalize=nfc",
            "mask=[email]",
            "filters=[c4, gopher_quality, fineweb]",
            "c4.min_num_sentences=1",
            "gopher_quality.min_doc_words=5",
            "gopher_quality.max_avg_word_length=0",
            "gopher_quality.min_alpha_words_ratio=0",
            "fineweb.short_line_thr=1");

    @Test
    void appliesTheStepsInOrder() {
        CorpusCleaner cleaner = new CorpusCleaner(ALL, true);
        assertThat(cleaner.clean("The cafe\u0301 and a@b.co have it.\r\nmenu"))
                .isEqualTo(new CorpusCleaner.Cleaned(
                        "The caf\u00E9 and <EMAIL> have it.", null, Map.of(Masking.EMAIL, 1)));
        // The second filter sees the text that the first filter has kept.
        assertThat(cleaner.clean("The end is near.\nmenu"))
                .isEqualTo(new CorpusCleaner.Cleaned("The end is near.", "gopher_quality.min_doc_words", Map.of()));
        assertThat(cleaner.clean("menu").rejectedBecause()).isEqualTo("c4.min_num_sentences");
        assertThat(cleaner.clean("\uFEFF\u00A0").text()).isBlank();
    }

    @Test
    void appliesTheFiltersInTheOrderOfTheList() {
        CorpusConfig other = Corpora.config("filters=[gopher_quality, c4]");
        assertThat(new CorpusCleaner(other, true).clean("menu").rejectedBecause())
                .isEqualTo("gopher_quality.min_doc_words");
    }

    @Test
    void onlyNormalisesAndMasksHeldOutText() {
        CorpusCleaner cleaner = new CorpusCleaner(ALL, false);
        assertThat(cleaner.clean("cafe\u0301 a@b.co\nmenu"))
                .isEqualTo(new CorpusCleaner.Cleaned("caf\u00E9 <EMAIL>\nmenu", null, Map.of(Masking.EMAIL, 1)));
    }
}
