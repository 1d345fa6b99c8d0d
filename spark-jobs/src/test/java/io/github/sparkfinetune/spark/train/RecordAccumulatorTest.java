package io.github.sparkfinetune.spark.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.train.TrainingRecord;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.objenesis.ObjenesisStd;

class RecordAccumulatorTest {
    /** Spark registers an accumulator for heartbeats before its fields are deserialized. */
    @Test
    void isEmptyForAHeartbeatDuringDeserialization() {
        RecordAccumulator withoutFields = new ObjenesisStd().newInstance(RecordAccumulator.class);

        assertThat(withoutFields.isZero()).isTrue();
        assertThat(withoutFields.value()).isEmpty();
        assertThat(withoutFields.copy().value()).isEmpty();
    }

    @Test
    void forgetsRecordsOfMoreThanFourMinutes() {
        RecordAccumulator records = new RecordAccumulator();
        records.add(entry(0, 0));
        records.add(entry(1, 239_000_000_000L));
        assertThat(records.value()).extracting(RecordAccumulator.Entry::number).containsExactly(0L, 1L);

        records.add(entry(2, 241_000_000_000L));

        assertThat(records.value()).extracting(RecordAccumulator.Entry::number).containsExactly(1L, 2L);
    }

    private static RecordAccumulator.Entry entry(long number, long madeAt) {
        return new RecordAccumulator.Entry(
                0, number, madeAt, TrainingRecord.evaluation(1, 9, 0.1, Map.of("loss", 1.0)), null);
    }
}
