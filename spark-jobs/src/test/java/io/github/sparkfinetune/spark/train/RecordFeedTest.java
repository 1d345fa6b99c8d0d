package io.github.sparkfinetune.spark.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.train.TrainingRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Records that the driver passes on from the heartbeats. */
class RecordFeedTest {
    private final List<String> seen = new ArrayList<>();
    private final RecordFeed feed =
            new RecordFeed(record -> seen.add(record.step() + (record.eval() == null ? "" : " eval")));

    @Test
    void passesEachRepeatedRecordOnOnce() {
        feed.accept(List.of(step(0, 0, 1)));
        feed.accept(List.of(step(0, 0, 1), step(0, 1, 2)));
        feed.accept(List.of(step(0, 1, 2), eval(0, 2, 2), step(0, 3, 3)));
        feed.accept(List.of(step(0, 0, 1), eval(0, 2, 2)));

        assertThat(seen).containsExactly("1", "2", "2 eval", "3");
    }

    @Test
    void fillsInUnsentRecordsFromALaterAttemptAndIgnoresTheEarlierOne() {
        feed.accept(List.of(step(0, 0, 1), step(0, 1, 2)));
        feed.accept(List.of(step(1, 0, 1), step(1, 1, 2), eval(1, 2, 2), step(1, 3, 3)));
        feed.accept(List.of(step(0, 2, 3), step(0, 3, 4)));
        feed.accept(List.of(step(1, 4, 4)));

        assertThat(seen).containsExactly("1", "2", "2 eval", "3", "4");
    }

    private static RecordAccumulator.Entry step(int attempt, long number, long step) {
        return new RecordAccumulator.Entry(
                attempt, number, 0, new TrainingRecord(step, 9, 0.1, 1.0, 1e-3, 1.0, 1.0, 1.0, null, null, null), null);
    }

    private static RecordAccumulator.Entry eval(int attempt, long number, long step) {
        return new RecordAccumulator.Entry(
                attempt, number, 0, TrainingRecord.evaluation(step, 9, 0.1, Map.of("loss", 1.0)), null);
    }
}
