package io.github.sparkfinetune.extra.erase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.command.Call;
import io.github.sparkfinetune.spark.command.RunSteps;
import io.github.sparkfinetune.spark.prepare.ErasedShards;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EraseRunTest {
    private static final DatasetSplit NONE = new DatasetSplit(0, 0, 0, List.of(), List.of(), null);
    private static final ErasedShards.Part PART = new ErasedShards.Part(
            new ErasedShards.File("train", "train/part-00000.parquet", 0, 10), Map.of(3L, Set.of(0)), NONE, NONE);

    @TempDir
    private Path dir;

    /** Steps of erasures and of runs, in order. */
    private final List<String> calls = new ArrayList<>();
    /** Shown lines. */
    private final List<String> lines = new ArrayList<>();

    private final FakeErasing erasing = new FakeErasing(calls);

    private final class Steps implements RunSteps {
        @Override
        public void again(List<Stage> later) {
            calls.add("again");
        }

        @Override
        public void report(List<Stage> stages) {
            throw new UnsupportedOperationException("there is one run");
        }
    }

    private void erase(Selection.Kind kind, String value, boolean plan) throws IOException {
        RunConfig run = Runs.in(dir);
        Call call = new Call(List.of(Stage.only(run)), null, null, one -> new Steps(), lines::add);
        new EraseRun(call, one -> erasing).erase(new Selection(kind, value), plan);
    }

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

    @Test
    void saysThePlanAndChangesNothing() throws IOException {
        erasing.found = erasure("00ff", replay(true), PART);

        erase(Selection.Kind.WHERE, "person=7", true);
        assertThat(calls).containsExactly("find --where: person=7");
        assertThat(lines)
                .containsExactly(
                        "document  00ff",
                        "samples   1 of training, 0 held out, in 1 shard(s)",
                        "replay    32 step(s) from step-00000010-a-0, step 17 is the first that used it",
                        "outside   the sources");
    }

    @Test
    void erasesAndTrainsAgain() throws IOException {
        erasing.found = erasure("00ff", replay(true), PART);

        erase(Selection.Kind.HASH, "00ff", false);
        assertThat(calls).containsExactly("find --hash: 00ff", "begin 00ff", "again", "end 00ff");
        assertThat(lines).last().asString().startsWith("erased    1 document(s), see ");
    }

    @Test
    void goesOnWithAnInterruptedErasureFirst() throws IOException {
        erasing.unfinished = Optional.of(erasure("0a", replay(false), PART));
        erasing.found = erasure("00ff", replay(false), PART);

        erase(Selection.Kind.FILE, "mail.txt", false);
        assertThat(calls).containsExactly("begin 0a", "end 0a", "find --text-file: mail.txt", "begin 00ff", "end 00ff");
    }

    @Test
    void saysThatADocumentIsErasedAlreadyOrWasNeverThere() throws IOException {
        erasing.found = erasure("00ff", replay(false));
        erasing.erased = true;
        erase(Selection.Kind.HASH, "00ff", false);
        assertThat(lines).containsExactly("erased    00ff");

        erasing.erased = false;
        erasing.reason = "overlong";
        assertThatThrownBy(() -> erase(Selection.Kind.HASH, "00ff", false))
                .hasMessageStartingWith("--hash: 00ff is in no sample of ")
                .hasMessageEndingWith(" (overlong): nothing was changed");
        assertThat(calls).doesNotContain("begin 00ff");
    }
}
