package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.spark.erase.Erasure;
import io.github.sparkfinetune.spark.prepare.ErasedShards;
import io.github.sparkfinetune.spark.trace.Trace;
import io.github.sparkfinetune.spark.trace.TraceCommand;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class EraseCommandTest extends CommandLineOverFakeJobs {
    private static final DatasetSplit NONE = new DatasetSplit(0, 0, 0, List.of(), List.of(), null);
    private static final ErasedShards.Part PART = new ErasedShards.Part(
            new ErasedShards.File("train", "train/part-00000.parquet", 0, 10), Map.of(3L, Set.of(0)), NONE, NONE);

    private static Erasure erasure(String document, Erasure.Replayed replay, ErasedShards.Part... places) {
        return new Erasure(
                null,
                null,
                List.of(document),
                new Erasure.Counts(1, 0),
                replay,
                new Erasure.Changes(List.of("train/part-00000.parquet"), List.of(), null, null),
                List.of("the sources"),
                List.of(places));
    }

    private static Erasure.Replayed replay(boolean trains) {
        return new Erasure.Replayed(17, "step-00000010-a-0", 32, trains, null);
    }

    private int erase(String... choice) {
        List<String> words = List.of("erase", "--config", recipe(), "--set", "output.dir=" + dir.resolve("run"));
        return finetune(Stream.concat(words.stream(), Stream.of(choice)).toArray(String[]::new));
    }

    @Test
    void saysThePlanAndChangesNothing() {
        erasing.found = erasure("00ff", replay(true), PART);

        assertThat(erase("--where", "person=7", "--plan")).isZero();
        assertThat(calls).containsExactly("open", "erase", "find --where: person=7", "close");
        assertThat(out.toString().lines())
                .containsExactly(
                        "document  00ff",
                        "samples   1 of training, 0 held out, in 1 shard(s)",
                        "replay    32 step(s) from step-00000010-a-0, step 17 is the first that used it",
                        "outside   the sources");
    }

    @Test
    void erasesAndTrainsAgain() {
        erasing.found = erasure("00ff", replay(true), PART);

        assertThat(erase("--hash", "00ff")).isZero();
        assertThat(calls)
                .containsSubsequence(
                        "erase", "find --hash: 00ff", "begin 00ff", "check", "train", "evaluate", "end 00ff", "close")
                .doesNotContain("prepare");
        assertThat(out.toString()).contains("erased    1 document(s), see ");
    }

    @Test
    void goesOnWithAnInterruptedErasureFirst() {
        erasing.unfinished = Optional.of(erasure("0a", replay(false), PART));
        erasing.found = erasure("00ff", replay(false), PART);

        assertThat(erase("--text-file", "mail.txt")).isZero();
        assertThat(calls)
                .containsExactly(
                        "open",
                        "erase",
                        "begin 0a",
                        "end 0a",
                        "find --text-file: mail.txt",
                        "begin 00ff",
                        "end 00ff",
                        "close");
    }

    @Test
    void saysThatADocumentIsErasedAlreadyOrWasNeverThere() {
        erasing.found = erasure("00ff", replay(false));
        erasing.erased = true;
        assertThat(erase("--hash", "00ff")).isZero();
        assertThat(out.toString()).isEqualToNormalizingNewlines("erased    00ff\n");

        erasing.erased = false;
        results.put("trace", new Trace("00ff", "overlong", List.of(), List.of(), 0));
        assertThat(erase("--hash", "00ff")).isEqualTo(3);
        assertThat(err.toString())
                .contains("error: --hash: 00ff is in no sample of ")
                .endsWith(" (overlong): nothing was changed" + System.lineSeparator());
        assertThat(calls)
                .contains("trace " + new TraceCommand.Options(null, "00ff"))
                .doesNotContain("begin 00ff");
    }

    @Test
    void requiresOneChoice() {
        for (String[] args : new String[][] {{}, {"--hash", "00ff", "--where", "person=7"}}) {
            err.getBuffer().setLength(0);
            assertThat(erase(args)).isEqualTo(2);
            assertThat(err.toString())
                    .isEqualToNormalizingNewlines("error: erase takes one choice of documents: give it --hash,"
                            + " --text-file, --where or --subject\n");
        }
    }
}
