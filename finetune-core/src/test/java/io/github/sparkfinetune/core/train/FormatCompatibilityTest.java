package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.RunAssertions.assertSameLosses;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Datasets and checkpoints of earlier versions stay readable. The folders under {@code formats/} were written once and
 * are never written again. Each folder holds the dataset of {@link TinyDataset} and a checkpoint of two ranks after the
 * fourth of eight steps.
 */
class FormatCompatibilityTest {
    private static final String CHECKPOINT = "step-00000004-4f2a-0";

    /**
     * A run whose folders are kept.
     *
     * @param model name of its golden model
     * @param losses losses of steps 1 to 8 in the run's records
     * @param settings KEY=VALUE settings of its configuration
     */
    private record Kept(String task, String model, List<Double> losses, List<String> settings) {
        Path folder(String part) throws Exception {
            return Path.of(FormatCompatibilityTest.class
                    .getResource("/formats/" + task + "/" + part)
                    .toURI());
        }

        @Override
        public String toString() {
            return task;
        }
    }

    static List<Kept> kept() {
        return List.of(
                new Kept(
                        "classification",
                        "bert-seqcls",
                        List.of(
                                0.9860689640045166,
                                1.3876970609029133,
                                1.0374329487482707,
                                0.880162239074707,
                                1.1354580720265706,
                                0.948965867360433,
                                0.8873975276947021,
                                1.0811091264088948),
                        List.of("method.type=freeze")),
                new Kept(
                        "sft",
                        "llama-tied",
                        List.of(
                                7.0664391411675345,
                                6.953006172180176,
                                6.989300611542492,
                                7.050256105932859,
                                7.0004416073069855,
                                6.884069771602236,
                                7.140491369998816,
                                6.7622528076171875),
                        List.of("method.type=lora", "method.r=2", "method.target_modules=[q_proj, v_proj]")));
    }

    @TempDir
    private Path folder;

    @ParameterizedTest
    @MethodSource("kept")
    void resumesAnOldCheckpoint(Kept kept) throws Exception {
        TinyRun tiny = run(kept);
        replace(folder.resolve("dataset"), kept.folder("dataset"));
        RunConfig config = tiny.config(
                "resumed",
                "training.adam_epsilon=1.0e-8",
                "training.max_steps=8",
                "training.save_steps=4",
                "training.eval_steps=4",
                "training.per_device_train_batch_size=6");
        Path checkpoints = Path.of(URI.create(config.output().checkpoints()));
        Files.createDirectories(checkpoints);
        replace(checkpoints.resolve(CHECKPOINT), kept.folder("checkpoints/" + CHECKPOINT));
        assertThat(tiny.checkpoints(config)).extracting(Checkpoint::name).containsExactly(CHECKPOINT);
        assertSameLosses(tiny.run(config, 2, CHECKPOINT).losses(), kept.losses);
    }

    @ParameterizedTest
    @MethodSource("kept")
    void readsAnOldDataset(Kept kept) throws Exception {
        run(kept);
        for (String split : List.of(Manifest.TRAIN, Manifest.EVAL)) {
            assertThat(samples(kept.folder("dataset"), split))
                    .isNotEmpty()
                    .isEqualTo(samples(folder.resolve("dataset"), split));
        }
    }

    private TinyRun run(Kept kept) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), kept.model, config -> {});
        return new TinyRun(folder, base, kept.task, kept.settings.toArray(String[]::new));
    }

    private static List<Sample> samples(Path dataset, String split) throws Exception {
        Configuration hadoop = new Configuration();
        org.apache.hadoop.fs.Path path = TinyDataset.hadoopPath(dataset);
        List<Sample> samples = new ArrayList<>();
        try (ParquetSamples source = ParquetSamples.open(path, Manifest.read(path, hadoop), split, hadoop)) {
            for (long index = 0; index < source.size(); index++) {
                samples.add(source.read(index));
            }
        }
        return samples;
    }

    private static void replace(Path target, Path source) throws Exception {
        if (Files.exists(target)) {
            try (Stream<Path> files = Files.list(target)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
        } else {
            Files.createDirectory(target);
        }
        try (Stream<Path> files = Files.list(source)) {
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(file.getFileName().toString()));
            }
        }
    }
}
