package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code run} of data without rows to evaluate on ends before it trains. */
@Timeout(300)
class UnmeasuredRunTest {
    private static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls")
            .toAbsolutePath();

    @TempDir
    private Path dir;

    /** Returns the error of a run of four rows. */
    private String refused(String... settings) throws IOException {
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            rows.add("{\"text\": \"note " + i + "\", \"label\": \"" + (i % 2 == 0 ? "a" : "b") + "\"}");
        }
        Files.write(dir.resolve("rows.jsonl"), rows);
        Path file = Files.writeString(
                dir.resolve("run.yaml"), """
                model: %s
                task: classification
                data: {train: %s, max_length: 16, shards: 1}
                cluster: {ranks: 1}
                output: {dir: %s}
                """.formatted(MODEL, dir.resolve("rows.jsonl"), dir.resolve("run")));
        List<String> args = new ArrayList<>(List.of("run", "--local", "--config", file.toString()));
        for (String setting : settings) {
            args.addAll(List.of("--set", setting));
        }
        Ended ended = Ended.of(args.toArray(String[]::new));
        assertThat(dir.resolve("run/checkpoints")).doesNotExist();
        assertThat(dir.resolve("run/model")).doesNotExist();
        assertThat(ended.code()).as(ended.err()).isEqualTo(2);
        return ended.err();
    }

    @Test
    void refusesFractionsOfNothingBeforeItPrepares() throws IOException {
        assertThat(refused("data.eval_fraction=0", "data.test_fraction=0"))
                .contains("error: data.eval_fraction and data.test_fraction are 0 and there is neither data.eval nor"
                        + " data.test, so run has no rows to evaluate on: set data.test_fraction, or start finetune"
                        + " prepare and finetune train");
        assertThat(dir.resolve("run/dataset")).doesNotExist();
    }

    @Test
    void refusesADatasetWithoutHeldOutRowsBeforeItTrains() throws IOException {
        assertThat(refused("data.eval_fraction=0.1", "data.test_fraction=0.1"))
                .contains("/run/dataset has neither test nor eval rows to evaluate on: ");
        assertThat(dir.resolve("run/dataset")).exists();
    }

    @Test
    void refusesToCalibrateWithoutEvaluationRowsBeforeItTrains() throws IOException {
        assertThat(refused("data.eval_fraction=0.1", "data.test_fraction=0.5", "predict.coverage=0.9"))
                .contains("predict.coverage: ", " has no eval rows");
        assertThat(dir.resolve("run/dataset")).exists();
    }
}
