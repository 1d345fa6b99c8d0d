package io.github.sparkfinetune.core.generate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

class StopConditionTest {
    @Test
    void stopsAtAnEndTokenOrTheLength() {
        StopCondition stop = new StopCondition(Set.of(2, 9), 5);
        assertThat(stop.stopsAfter(3, 4)).isFalse();
        assertThat(stop.stopsAfter(9, 1)).isTrue();
        assertThat(stop.stopsAfter(2, 4)).isTrue();
        assertThat(stop.stopsAfter(3, 5)).isTrue();
    }
}
