package io.github.sparkfinetune.data.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig.Task;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ManifestsTest {
    private static final String RUN = "file:/runs/icd10";

    @TempDir
    private java.nio.file.Path folder;

    private final Configuration hadoop = new Configuration();
    private Path dataset;
    private Manifests manifests;
    private Pins pins;

    @BeforeEach
    void open() {
        dataset = new Path(folder.toUri());
        manifests = new Manifests(dataset, hadoop);
        pins = new Pins(dataset, hadoop);
    }

    /** Returns a manifest of one shard, which differs from those of other names. */
    private static Manifest manifest(String shard) {
        return Manifest.of(
                Task.CAUSAL_LM,
                List.of(),
                9,
                0,
                Map.of(
                        Manifest.TRAIN,
                        new DatasetSplit(
                                10,
                                123,
                                0,
                                List.of(),
                                List.of(new DatasetSplit.Shard("train/" + shard, 1, List.of(10))),
                                null)),
                DatasetOptions.ofTexts(9, 1000, false, "cafe", 1, 42).withColumns("text", null, "label"));
    }

    private int commit(String shard) throws IOException {
        return manifest(shard).write(dataset, hadoop);
    }

    @Test
    void readersOfANumberSeeItsManifestWhateverIsCommittedLater() throws IOException {
        assertThat(Manifest.exists(dataset, hadoop)).isFalse();
        assertThat(commit("a")).isEqualTo(1);
        byte[] first = Files.readAllBytes(folder.resolve("manifest-1.json"));
        assertThat(commit("b")).isEqualTo(2);

        assertThat(Files.readAllBytes(folder.resolve("manifest-1.json"))).isEqualTo(first);
        assertThat(manifests.read(1)).isEqualTo(manifest("a"));
        assertThat(manifests.readNewest()).isEqualTo(new Manifests.Numbered(2, manifest("b")));
        assertThat(Manifest.read(dataset, hadoop)).isEqualTo(manifest("b"));
        assertThatThrownBy(() -> manifests.read(3))
                .hasMessageContaining("data.generation: ")
                .hasMessageContaining("has no generation 3 (it has 1, 2)");
    }

    @Test
    void aDatasetOfAnEarlierVersionIsNumberZero() throws IOException {
        Files.writeString(folder.resolve("manifest.json"), manifest("old").toJson());
        assertThat(manifests.readNewest()).isEqualTo(new Manifests.Numbered(0, manifest("old")));
        assertThat(commit("new")).isEqualTo(1);
        assertThat(Manifest.read(dataset, hadoop)).isEqualTo(manifest("new"));
        manifests.retire(pin -> true);
        assertThat(folder.resolve("manifest.json")).doesNotExist();
    }

    @Test
    void oneOfConcurrentCommitsGetsTheNumber() throws Exception {
        int threads = 8;
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        CyclicBarrier start = new CyclicBarrier(threads);
        try {
            for (int round = 1; round <= 20; round++) {
                List<Future<OptionalInt>> commits = new ArrayList<>();
                for (int thread = 0; thread < threads; thread++) {
                    Manifest own = manifest("shard-" + round + "-" + thread);
                    Callable<OptionalInt> commit = () -> {
                        start.await(30, TimeUnit.SECONDS);
                        return manifests.commit(own);
                    };
                    commits.add(pool.submit(commit));
                }
                List<Integer> numbers = new ArrayList<>();
                for (Future<OptionalInt> commit : commits) {
                    commit.get(30, TimeUnit.SECONDS).ifPresent(numbers::add);
                }
                assertThat(numbers).isNotEmpty().doesNotHaveDuplicates();
                assertThat(manifests.numbers()).containsAll(numbers);
            }
        } finally {
            pool.shutdownNow();
        }
        for (int number : manifests.numbers()) {
            assertThat(manifests.read(number).longest()).isEqualTo(9);
        }
        try (var left = Files.list(folder)) {
            assertThat(left).allMatch(file -> file.getFileName().toString().matches("manifest-\\d+\\.json"));
        }
    }

    @Test
    void keepsWhatARunHoldsUntilTheRunReleasesIt() throws IOException {
        commit("a");
        assertThat(pins.hold(RUN, OptionalInt.empty())).isEqualTo(1);
        commit("b");
        manifests.retire(pin -> true);
        commit("c");
        manifests.retire(pin -> true);

        assertThat(manifests.numbers()).as("2 was held by no run").containsExactly(1, 3);
        assertThat(manifests.named()).containsExactlyInAnyOrder("train/a", "train/c");
        assertThat(pins.hold(RUN, OptionalInt.of(1))).as("the run resumes").isEqualTo(1);
        assertThat(pins.of(RUN)).contains(new Pins.Pin(1, RUN));
        manifests.retire(pin -> false);
        assertThat(manifests.numbers()).containsExactly(3);

        assertThatThrownBy(() -> pins.hold(RUN, OptionalInt.of(1))).hasMessageContaining("has no generation 1");
        pins.release(RUN);
        assertThat(pins.all()).isEmpty();
        assertThat(pins.hold(RUN, OptionalInt.empty())).isEqualTo(3);
    }

    /** A run pins the newest manifest while that manifest is being retired. */
    @Test
    void aRunLeavesAManifestThatIsBeingRetired() throws IOException {
        commit("a");
        commit("b");
        Files.createFile(folder.resolve("retired-2"));
        assertThat(manifests.newest()).hasValue(1);
        assertThat(pins.hold(RUN, OptionalInt.empty())).isEqualTo(1);
        assertThat(commit("c")).as("numbers are never used twice").isEqualTo(3);
        manifests.retire(pin -> true);
        assertThat(manifests.numbers()).containsExactly(1, 3);
        assertThat(folder.resolve("retired-2")).doesNotExist();
        assertThat(folder.resolve("manifest-2.json")).doesNotExist();
    }

    /** A retirement was killed after its mark, and a run that pinned the manifest was killed before it saw the mark. */
    @Test
    void aHeldManifestLosesTheMarkOfAKilledRetirement() throws IOException {
        commit("a");
        pins.hold(RUN, OptionalInt.empty());
        commit("b");
        Files.createFile(folder.resolve("retired-1"));
        manifests.retire(pin -> true);
        assertThat(manifests.numbers()).containsExactly(1, 2);
        assertThat(pins.hold(RUN, OptionalInt.of(1))).as("the run resumes").isEqualTo(1);
    }

    @Test
    void aRunWhoseFolderIsGoneHoldsNothing() throws IOException {
        java.nio.file.Path output = Files.createDirectory(folder.resolve("run"));
        Pins.Pin pin = new Pins.Pin(1, output.toUri().toString());
        assertThat(pin.hasFolder(hadoop)).isTrue();
        Files.delete(output);
        assertThat(pin.hasFolder(hadoop)).isFalse();
    }
}
