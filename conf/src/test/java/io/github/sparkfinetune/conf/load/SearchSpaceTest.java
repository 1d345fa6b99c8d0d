package io.github.sparkfinetune.conf.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SearchSpaceTest {
    private static double uniform(long n) {
        return new SplittableRandom(n).nextDouble();
    }

    @Test
    void combinesListedValuesAsWritten() {
        SearchSpace space = SearchSpace.parse(
                List.of("method.r=[8, 16]", "method.target_modules=[[query], [query, \"value\"], all-linear]"));

        assertThat(space.grid())
                .hasSize(6)
                .startsWith(
                        Map.of("method.r", "8", "method.target_modules", "[query]"),
                        Map.of("method.r", "8", "method.target_modules", "[query, \"value\"]"))
                .endsWith(Map.of("method.r", "16", "method.target_modules", "all-linear"));
    }

    @Test
    void drawsWithinRangesByTheirLogarithms() {
        SearchSpace space = SearchSpace.parse(
                List.of("training.learning_rate=1e-5..1e-3", "method.r=1..8", "training.weight_decay=0..0.1"));
        List<Map<String, String>> drawn = space.draw(1000, SearchSpaceTest::uniform);

        assertThat(drawn).hasSize(1000).doesNotHaveDuplicates();
        assertThat(drawn.stream().map(one -> one.get("method.r"))).containsOnly("1", "2", "3", "4", "5", "6", "7", "8");
        assertThat(drawn).allSatisfy(one -> assertThat(rate(one)).isBetween(1e-5, 1e-3));
        assertThat(drawn.stream().filter(one -> rate(one) < 1e-4).count()).isBetween(440L, 560L);
        assertThat(drawn.stream()
                        .filter(one -> Double.parseDouble(one.get("training.weight_decay")) < 0.05)
                        .count())
                .isBetween(440L, 560L);
        assertThat(space.draw(10, SearchSpaceTest::uniform)).isEqualTo(drawn.subList(0, 10));
    }

    private static double rate(Map<String, String> settings) {
        return Double.parseDouble(settings.get("training.learning_rate"));
    }

    @Test
    void drawsNoSettingTwice() {
        SearchSpace space = SearchSpace.parse(List.of("method.r=[4, 8]", "training.num_train_epochs=1..2"));

        assertThat(space.draw(100, SearchSpaceTest::uniform)).hasSize(4).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "method.r | expected section.key=[A, B]",
                "method.rank=[1] | unknown key",
                "data.max_length=[1, 2] | share one dataset",
                "data.seed=[1, 2] | share one dataset",
                "training.save_steps=[1, 2] | share one dataset",
                "model=[a, b] | share one dataset",
                "method.r=8 | expected a list such as [1, 2]",
                "method.r=[] | expected a list",
                "method.r=[8 | is not YAML",
                "method.r=8..4 | FROM at least 0 and below TO",
                "method.r=e..4 | expected two numbers",
            })
    void refusesInOneLine(String text, String reason) {
        assertThatThrownBy(() -> SearchSpace.parse(List.of(text)))
                .hasMessageStartingWith("--try")
                .hasMessageContaining(reason);
    }

    @Test
    void refusesAGridOfARange() {
        SearchSpace space = SearchSpace.parse(List.of("training.learning_rate=1e-5..1e-3"));

        assertThatThrownBy(space::grid).hasMessageContaining("--trials");
        assertThatThrownBy(() -> SearchSpace.parse(List.of("method.r=[1]", "method.r=[2]")))
                .hasMessageContaining("is there twice");
    }
}
