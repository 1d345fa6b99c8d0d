package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.RunAssertions.assertBitEqual;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.testing.TestMatrix;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A sharded optimizer trains the same model as an unsharded optimizer, to the bit. */
class ShardedRunTest {
    private static final String BATCH = "training.per_device_train_batch_size=6";
    private static final String SHARDED = "cluster.shard_optimizer=true";
    private static final String WHOLE = "cluster.shard_optimizer=false";
    private static final List<String> SAVED =
            List.of(BATCH, "training.max_grad_norm=0.1", "training.save_steps=4", "training.save_total_limit=20");

    @TempDir
    private Path folder;

    private TinyRun encoder(String setting) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), "bert-seqcls", config -> {});
        return new TinyRun(folder, base, "classification", setting);
    }

    private TinyRun decoder(String... method) throws Exception {
        return new TinyRun(folder, TinyModel.copy(folder.resolve("base"), "llama-tied", config -> {}), "sft", method);
    }

    static Stream<Arguments> runs() {
        return TestMatrix.of(Stream.of(
                Arguments.of("full", 1),
                Arguments.of("full", 2),
                Arguments.of("full", 3),
                Arguments.of("freeze", 2),
                Arguments.of("tied", 2),
                Arguments.of("codes", 2),
                Arguments.of("codes", 3),
                Arguments.of("lora", 2),
                Arguments.of("dora", 3)));
    }

    private TinyRun run(String kind) throws Exception {
        return switch (kind) {
            case "full" -> encoder("training.l2_sp=0.1");
            case "freeze" -> encoder("method.type=freeze");
            case "tied" -> decoder();
            case "codes" -> decoder("training.optim=adamw_8bit", "training.l2_sp=0.1");
            case "lora" -> decoder("method.type=lora", "method.r=2");
            default -> decoder("method.type=lora", "method.r=3", "method.use_dora=true");
        };
    }

    @ParameterizedTest
    @MethodSource("runs")
    void trainsTheSameModel(String kind, int ranks) throws Exception {
        TinyRun tiny = run(kind);
        List<String> settings = List.of(
                BATCH, "training.max_grad_norm=0.1", "training.layerwise_lr_decay=0.8", "training.weight_decay=0.1");
        RunConfig whole = tiny.config("whole", with(settings, WHOLE));
        RunConfig sharded = tiny.config("sharded", with(settings, SHARDED));
        TinyRun.Outcome expected = tiny.run(whole, ranks, null);
        TinyRun.Outcome outcome = tiny.run(sharded, ranks, null);
        assertThat(outcome.losses()).isEqualTo(expected.losses());
        assertThat(norms(outcome)).isEqualTo(norms(expected));
        assertBitEqual(TinyRun.model(sharded), TinyRun.model(whole));
    }

    private static List<Double> norms(TinyRun.Outcome outcome) {
        return outcome.records().stream()
                .filter(record -> record.training().gradNorm() != null)
                .map(record -> record.training().gradNorm())
                .toList();
    }

    static Stream<Arguments> resumes() {
        return TestMatrix.of(Stream.of(
                Arguments.of("full", 1),
                Arguments.of("full", 3),
                Arguments.of("codes", 1),
                Arguments.of("codes", 3),
                Arguments.of("lora", 3)));
    }

    /** Resumes checkpoints of two ranks, sharded and unsharded, on other numbers of ranks, sharded and unsharded. */
    @ParameterizedTest
    @MethodSource("resumes")
    void resumesOnAnyNumberOfRanks(String kind, int ranks) throws Exception {
        TinyRun tiny = run(kind);
        RunConfig whole = tiny.config("whole", with(SAVED, WHOLE));
        RunConfig sharded = tiny.config("sharded", with(SAVED, SHARDED));
        tiny.run(whole, 2, null);
        tiny.run(sharded, 2, null);
        Checkpoint fourth = tiny.checkpoints(whole).get(0);
        assertThat(tiny.checkpoints(sharded)).isEqualTo(tiny.checkpoints(whole));
        Map<String, float[]> expected = resumed(tiny, whole, fourth, WHOLE, ranks);
        assertBitEqual(resumed(tiny, whole, fourth, SHARDED, ranks), expected);
        assertBitEqual(resumed(tiny, sharded, fourth, SHARDED, ranks), expected);
        assertBitEqual(resumed(tiny, sharded, fourth, WHOLE, ranks), expected);
        assertBitEqual(resumed(tiny, sharded, fourth, SHARDED, 2), TinyRun.model(whole));
    }

    private static String[] with(List<String> settings, String more) {
        return Stream.concat(settings.stream(), Stream.of(more)).toArray(String[]::new);
    }

    private static Map<String, float[]> resumed(
            TinyRun tiny, RunConfig from, Checkpoint checkpoint, String more, int ranks) throws Exception {
        Path output = Files.createTempDirectory(tiny.base().getParent(), "resumed-");
        RunConfig config = tiny.config(output.getFileName().toString(), with(SAVED, more));
        TinyRun.copy(from, config, checkpoint);
        tiny.run(config, ranks, checkpoint.name());
        return TinyRun.model(config);
    }

    @Test
    void writesAShareOnEachRankAndSkipsADamagedShare() throws Exception {
        TinyRun tiny = run("full");
        RunConfig config = tiny.config("sharded", with(SAVED, SHARDED));
        tiny.run(config, 3, null);
        Path newest = Path.of(URI.create(config.output().checkpoints()))
                .resolve(tiny.checkpoints(config).get(2).name());
        List<Path> shares;
        try (Stream<Path> files = Files.list(newest)) {
            shares = files.filter(file -> file.getFileName().toString().startsWith("optimizer-"))
                    .sorted()
                    .toList();
        }
        assertThat(shares)
                .extracting(file -> file.getFileName().toString())
                .containsExactly(
                        "optimizer-00001-of-00003.safetensors",
                        "optimizer-00002-of-00003.safetensors",
                        "optimizer-00003-of-00003.safetensors");
        long all = shares.stream().mapToLong(ShardedRunTest::size).sum();
        assertThat(shares).allMatch(file -> size(file) < all / 2);

        byte[] bytes = Files.readAllBytes(shares.get(2));
        bytes[bytes.length - 5] ^= 1;
        Files.write(shares.get(2), bytes);
        assertThat(FineTuner.store(config, new Configuration(), "reader").newestSound())
                .contains(tiny.checkpoints(config).get(1));
    }

    private static long size(Path file) {
        return file.toFile().length();
    }
}
