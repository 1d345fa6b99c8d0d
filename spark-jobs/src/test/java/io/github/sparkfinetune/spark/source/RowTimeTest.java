package io.github.sparkfinetune.spark.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.task.SplitKey.Kind;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RowTimeTest {
    @Test
    void mapsLaterTimesToLargerPlaces() throws UnusableRowException {
        for (List<String> times : List.of(
                List.of("-1e300", "-20.5", "-20", "-0.5", "0", "1e-300", "3", "20240101", "1700000000.5", "1.7e18"),
                List.of(
                        "1969-12-31",
                        "1970-01-01 00:00:00.000001",
                        "2024-05",
                        "2024-05-01T00:00:01",
                        "2024-05-01T12:00:00+11:00",
                        "2024-05-01 02:30",
                        "@1714531800000001",
                        "2024-05-02"))) {
            long last = 0;
            for (String time : times) {
                RowTime parsed = RowTime.parse(time);
                assertThat(Long.compareUnsigned(last, parsed.place())).as(time).isNegative();
                last = parsed.place();
                assertThat(RowTime.of(last, parsed.kind())).isEqualTo(parsed);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "2024-05-01, 2024-05-01",
        "2024-05, 2024-05-01",
        "2024-05-01T10:00:00.5+02:00, 2024-05-01T08:00:00.500Z",
        "2024-05-01 10:00:00 Z, 2024-05-01T10:00:00Z",
        "@1714557600000000, 2024-05-01T10:00:00Z",
        "20240501, 20240501",
        "-0, 0",
        "1.5, 1.5"
    })
    void printsTimesForPeople(String text, String shown) throws UnusableRowException {
        assertThat(RowTime.parse(" " + text + " ")).hasToString(shown);
    }

    @Test
    void distinguishesDatesAndNumbers() throws UnusableRowException {
        assertThat(RowTime.parse("2024-05-01").kind()).isEqualTo(Kind.DATE);
        assertThat(RowTime.parse("2024").kind()).isEqualTo(Kind.NUMBER);
        assertThat(RowTime.parse("-0").place()).isEqualTo(RowTime.parse("0").place());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"yesterday", "01.05.2024", "2024-13-01", "2024-05-01T25:00", "NaN", "0x10", "2024-05-01+99"})
    void refusesOtherTexts(String text) {
        assertThatThrownBy(() -> RowTime.parse(text)).hasMessage("bad_time");
    }

    @Test
    void refusesAMissingTime() {
        assertThatThrownBy(() -> RowTime.parse(null)).hasMessage("no_time");
        assertThatThrownBy(() -> RowTime.parse(" ")).hasMessage("no_time");
    }
}
