package io.github.sparkfinetune.extra.erase;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.plan.TrainingOrder.Use;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TraceCommandTest {
    private static final String HASH = "0123456789abcdef0123456789abcdef";

    private static Trace trained() {
        return new Trace(
                HASH,
                null,
                List.of(new Trace.Source("data.train", 3, 2, "file:/data/mails.jsonl")),
                List.of(new Trace.Place(
                        "train",
                        "train/part-00002.parquet",
                        17,
                        1017,
                        1,
                        4,
                        List.of(new Use(1017, 1, 12, 0), new Use(1017, 2, 1040, 1)))),
                0);
    }

    @Test
    void showsPlaceAndStepsOfATrainedDocument() {
        assertThat(lines(trained()))
                .containsExactly(
                        "hash      " + HASH,
                        "source    data.train: 3 rows, in file:/data/mails.jsonl",
                        "          2 duplicates left out",
                        "train     train/part-00002.parquet, row 17 (sample 1,017), document 2 of 4",
                        "used      epoch 1, step 12, rank 0",
                        "used      epoch 2, step 1,040, rank 1");
    }

    @Test
    void showsTheReasonOfADroppedDocument() {
        Trace dropped = new Trace(
                HASH,
                "overlong",
                List.of(new Trace.Source("data.train", 1, 0, "file:/data/mails.jsonl")),
                List.of(),
                0);

        assertThat(lines(dropped))
                .containsExactly(
                        "hash      " + HASH,
                        "source    data.train: 1 row, in file:/data/mails.jsonl",
                        "dropped   overlong");
        assertThat(lines(new Trace(null, "empty_text", List.of(), List.of(), 0)))
                .containsExactly("dropped   empty_text");
    }

    @Test
    void countsOtherDocumentsWithTheSameTokens() {
        Trace.Place place = new Trace.Place("test", "test/part-00000.parquet", 4, 4, 0, 1, List.of());

        assertThat(lines(new Trace(HASH, null, List.of(), List.of(place), 1)))
                .containsExactly(
                        "hash      " + HASH,
                        "test      test/part-00000.parquet, row 4 (sample 4)",
                        "          1 other document has the same tokens: the samples may be of it");
        assertThat(lines(new Trace(HASH, null, List.of(), List.of(place), 1200)))
                .last()
                .isEqualTo("          1,200 other documents have the same tokens: the samples may be of these");
    }

    @Test
    void countsRowsOfTheSameGroup() {
        Trace.Place place = new Trace.Place("eval", "eval/part-00000.parquet", 4, 4, 0, 1, List.of());

        assertThat(lines(place, new Trace.Group("prompt", 5)))
                .last()
                .isEqualTo("group     4 other rows have the same prompt: they stay on its side of the split");
        assertThat(lines(place, new Trace.Group("user, thread", 2)))
                .last()
                .isEqualTo("group     1 other row has the same user, thread: they stay on its side of the split");
        assertThat(lines(place, new Trace.Group("prompt", 1))).hasSize(2);
    }

    private static List<String> lines(Trace trace) {
        return new TraceCommand().text(new TraceCommand.Options(null, HASH), trace);
    }

    private static List<String> lines(Trace.Place place, Trace.Group group) {
        return lines(new Trace(HASH, null, List.of(), List.of(place), 0, Optional.of(group)));
    }
}
