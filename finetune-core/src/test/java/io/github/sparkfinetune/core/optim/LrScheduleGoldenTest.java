package io.github.sparkfinetune.core.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.TrainingConfig.LrSchedulerType;
import io.github.sparkfinetune.core.GoldenFiles;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Learning rates of the schedules equal those of {@code transformers}. */
class LrScheduleGoldenTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    record Case(String name, double learningRate, JsonNode expected) {
        @Override
        public String toString() {
            return name + ", warm-up " + expected.get("warmup") + " of " + expected.get("steps") + " "
                    + expected.get("kwargs");
        }
    }

    static List<Case> cases() {
        JsonNode golden = GoldenFiles.json("schedules.json");
        double rate = golden.get("base_lr").doubleValue();
        return StreamSupport.stream(golden.get("cases").spliterator(), false)
                .map(expected -> new Case(expected.get("name").asText(), rate, expected))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void hasTheLearningRateOfTransformersInEveryStep(Case golden) {
        JsonNode expected = golden.expected();
        long steps = expected.get("steps").longValue();
        LrSchedule schedule = LrSchedule.of(
                MAPPER.convertValue(golden.name(), LrSchedulerType.class),
                golden.learningRate(),
                steps,
                expected.get("warmup").longValue(),
                MAPPER.convertValue(expected.get("kwargs"), new TypeReference<Map<String, Object>>() {}));
        assertThat(expected.get("lr")).hasSize((int) steps + 1);
        for (int step = 0; step <= steps; step++) {
            assertThat(schedule.at(step))
                    .as("step %d", step)
                    .isCloseTo(expected.get("lr").get(step).doubleValue(), within(1e-9));
        }
    }
}
