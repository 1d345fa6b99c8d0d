package io.github.sparkfinetune.core.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.conf.TrainingConfig.LrSchedulerType;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class LrScheduleTest {

    static Stream<Arguments> badKwargs() {
        return Stream.of(
                Arguments.of(LrSchedulerType.LINEAR, Map.of("power", 2), "power is unknown"),
                Arguments.of(LrSchedulerType.CONSTANT, Map.of("num_cycles", 2), "num_cycles is unknown"),
                Arguments.of(LrSchedulerType.COSINE, Map.of("num_cycle", 2), "num_cycle is unknown"),
                Arguments.of(LrSchedulerType.COSINE, Map.of("num_cycles", "many"), "num_cycles is many"),
                Arguments.of(LrSchedulerType.COSINE_WITH_MIN_LR, Map.of(), "min_lr_rate is missing"),
                Arguments.of(
                        LrSchedulerType.COSINE_WITH_MIN_LR,
                        Map.of("min_lr", 1e-5, "min_lr_rate", 0.1),
                        "min_lr_rate is set beside min_lr"),
                Arguments.of(LrSchedulerType.POLYNOMIAL, Map.of("lr_end", 1), "lr_end is 1.0"),
                Arguments.of(LrSchedulerType.WARMUP_STABLE_DECAY, Map.of(), "num_decay_steps is missing"),
                Arguments.of(
                        LrSchedulerType.WARMUP_STABLE_DECAY, Map.of("num_decay_steps", 95), "num_decay_steps is 95"),
                Arguments.of(
                        LrSchedulerType.WARMUP_STABLE_DECAY,
                        Map.of("num_decay_steps", 5, "decay_type", "exp"),
                        "decay_type is exp"));
    }

    @ParameterizedTest
    @MethodSource("badKwargs")
    void refusesUnusableKwargsByKey(LrSchedulerType type, Map<String, Object> kwargs, String message) {
        assertThatThrownBy(() -> LrSchedule.of(type, 1e-3, 100, 10, kwargs))
                .isInstanceOfSatisfying(
                        RunException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.CONFIG))
                .hasMessageContaining("training.lr_scheduler_kwargs." + message);
    }

    @ParameterizedTest
    @EnumSource(LrSchedulerType.class)
    void hasFiniteRatesIfTheWarmUpFillsTheRun(LrSchedulerType type) {
        Map<String, Object> kwargs = switch (type) {
            case COSINE_WITH_MIN_LR -> Map.of("min_lr", 1e-5);
            case WARMUP_STABLE_DECAY -> Map.of("num_decay_steps", 0);
            default -> Map.of();
        };
        for (long total : new long[] {0, 1, 5}) {
            LrSchedule schedule = LrSchedule.of(type, 1e-3, total, total, kwargs);
            for (long step = 0; step <= total + 1; step++) {
                assertThat(schedule.at(step)).isBetween(0.0, 1e-3);
            }
        }
    }

    @Test
    void acceptsANumberThatYamlReadsAsText() {
        LrSchedule schedule = LrSchedule.of(LrSchedulerType.POLYNOMIAL, 1e-3, 10, 0, Map.of("lr_end", "1e-5"));
        assertThat(schedule.at(10)).isCloseTo(1e-5, within(1e-12));
    }
}
