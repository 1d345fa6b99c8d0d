package io.github.sparkfinetune.spark.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.DataFormat;
import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SourceFormatsTest {
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "AUTO")
    void aClassWithItsNameReadsEachFormat(DataFormat format) {
        assertThat(SourceFormats.of(format).getClass().getSimpleName().toLowerCase(Locale.ROOT))
                .isEqualTo(format.configName().replace("_", "") + "format");
        assertThat(DataFormat.of(format.configName())).isEqualTo(format);
    }

    @ParameterizedTest
    @CsvSource({".jsonl, JSONL", ".json, JSONL", ".csv, CSV", ".parquet, PARQUET"})
    void anEndingChoosesAFormat(String ending, DataFormat format) {
        assertThat(SourceFormats.byEnding(ending)).contains(format);
    }

    /** A table has several readers, and a file without a known ending is a text of a folder. */
    @Test
    void endingsBelongToFormatsThatAutoChooses() {
        assertThat(Arrays.stream(DataFormat.values())
                        .filter(format -> !format.isAuto())
                        .filter(format -> !SourceFormats.of(format).endings().isEmpty()))
                .allMatch(DataFormat::isChosenByAuto);
        assertThat(SourceFormats.byEnding(".txt")).isEmpty();
    }
}
