package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.RunAssertions.assertBitEqual;
import static io.github.sparkfinetune.core.train.RunAssertions.assertSameLosses;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.ClusterConfig.Shard;
import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.shard.SmallUnits;
import io.github.sparkfinetune.testing.TestMatrix;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A sharded optimizer trains the same model as an unsharded optimizer, to the bit. */
class ShardedRunTest {
    private static final String BATCH = "training.per_device_train_batch_size=6";
    private static final String WHOLE = "cluster.shard=none";
    private static final String SHARDED = "cluster.shard=optimizer";
    private static final List<Shard> SHARED = List.of(Shard.OPTIMIZER, Shard.GRADIENTS, Shard.FULL);
    private static final List<String> KINDS = List.of(
            "full",
            "freeze",
            "accumulated",
            "deberta",
            "gpt2",
            "masked",
            "tied",
            "untied",
            "packed",
            "bf16",
            "recorded-bf16",
            "masked-bf16",
            "codes",
            "lora",
            "4bit",
            "4bit-dora",
            "dora");
    private static final List<String> SAVED =
            List.of("training.max_grad_norm=0.1", "training.save_steps=4", "training.save_total_limit=20");

    @TempDir
    private Path folder;

    private TinyRun encoder(String... settings) throws Exception {
        return model("bert-seqcls", "classification", settings);
    }

    private TinyRun decoder(String... settings) throws Exception {
        return model("llama-tied", "sft", settings);
    }

    private TinyRun model(String kind, String task, String... settings) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), kind, config -> {});
        return new TinyRun(folder, base, task, with(List.of(BATCH), settings));
    }

    /** Returns a run over a checkpoint in 4 bits. */
    private TinyRun codes(String... settings) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), "llama-tied", config -> {});
        Path quantized = GoldenFiles.root().resolve("nf4/llama-tied-4bit");
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(quantized.resolve(file), base.resolve(file), StandardCopyOption.REPLACE_EXISTING);
        }
        return new TinyRun(folder, base, "sft", with(List.of(BATCH, "method.type=qlora"), settings));
    }

    private static String shard(Shard shard) {
        return "cluster.shard=" + shard.name().toLowerCase(Locale.ROOT);
    }

    /** Kinds of runs, numbers of ranks, and levels. */
    static Stream<Arguments> runs() {
        List<Arguments> all = new ArrayList<>();
        for (Shard shard : SHARED) {
            for (String kind : KINDS) {
                for (int ranks = 2; ranks <= 4; ranks++) {
                    all.add(Arguments.of(kind, ranks, shard));
                }
            }
            all.add(Arguments.of("full", 1, shard));
        }
        return TestMatrix.of(all.stream());
    }

    private TinyRun run(String kind) throws Exception {
        return switch (kind) {
            case "full" -> encoder("training.l2_sp=0.1");
            case "freeze" -> encoder("method.type=freeze");
            case "accumulated" ->
                encoder("training.per_device_train_batch_size=2", "training.gradient_accumulation_steps=3");
            case "deberta" -> model("deberta-v2-seqcls", "classification");
            case "gpt2" -> model("gpt2", "causal-lm");
            case "masked" -> model("bert-mlm", "masked-lm");
            case "tied" -> decoder();
            case "untied" ->
                model(
                        "llama-untied",
                        "sft",
                        "training.per_device_train_batch_size=1",
                        "training.gradient_accumulation_steps=4",
                        "training.gradient_checkpointing=true");
            case "packed" -> decoder("data.packing=bfd");
            case "bf16" ->
                model(
                        "llama-untied",
                        "sft",
                        "precision=bf16",
                        "training.per_device_train_batch_size=2",
                        "training.gradient_accumulation_steps=2",
                        "training.gradient_checkpointing=true");
            case "recorded-bf16" -> model("deberta-v2-seqcls", "classification", "precision=bf16");
            case "masked-bf16" -> model("bert-mlm", "masked-lm", "precision=bf16");
            case "codes" -> decoder("training.optim=adamw_8bit", "training.l2_sp=0.1");
            case "4bit" -> codes("method.r=2");
            case "4bit-dora" ->
                codes("method.r=2", "method.use_dora=true", "training.gradient_checkpointing=true", "precision=bf16");
            case "lora" -> decoder("method.type=lora", "method.r=2");
            default -> decoder("method.type=lora", "method.r=3", "method.use_dora=true");
        };
    }

    /** All micro-batches of a step pass a layer together, each with its own masks. */
    @ParameterizedTest
    @CsvSource({"bert-seqcls, classification", "gpt2, causal-lm"})
    void keepsTheDropoutOfMicroBatchesApart(String kind, String task) throws Exception {
        List<String> rates =
                List.of("hidden_dropout_prob", "attention_probs_dropout_prob", "attn_pdrop", "resid_pdrop");
        Path base = TinyModel.copy(
                folder.resolve("base"),
                kind,
                config -> rates.stream().filter(config::has).forEach(rate -> config.put(rate, 0.3)));
        String[] settings = {
            "training.max_steps=2",
            "training.per_device_train_batch_size=2",
            "training.gradient_accumulation_steps=3",
            "precision=fp32"
        };
        TinyRun tiny = new TinyRun(folder, base, task, settings);
        RunConfig whole = tiny.config("whole", WHOLE);
        RunConfig sharded = tiny.config("sharded", shard(Shard.GRADIENTS));
        TinyRun.Outcome expected = tiny.run(whole, 2, null);
        TinyRun.Outcome outcome = tiny.run(sharded, 2, null);
        assertThat(outcome.losses()).isEqualTo(expected.losses());
        assertBitEqual(TinyRun.model(sharded), TinyRun.model(whole));
    }

    @ParameterizedTest
    @MethodSource("runs")
    void trainsTheSameModel(String kind, int ranks, Shard shard) throws Exception {
        TinyRun tiny = run(kind);
        List<String> settings = List.of(
                "training.max_steps=4",
                "training.max_grad_norm=0.1",
                "training.layerwise_lr_decay=0.8",
                "training.weight_decay=0.1");
        RunConfig whole = tiny.config("whole", with(settings, WHOLE));
        RunConfig sharded = tiny.config("sharded", with(settings, shard(shard)));
        // Optimizers of codes have blocks of 256 values, and keep small parameters in F32.
        SmallUnits.call(kind.equals("codes") ? 4096 : 64, () -> {
            TinyRun.Outcome expected = tiny.run(whole, ranks, null);
            TinyRun.Outcome outcome = tiny.run(sharded, ranks, null);
            assertThat(outcome.losses()).isEqualTo(expected.losses());
            assertThat(norms(outcome)).isEqualTo(norms(expected));
            assertBitEqual(TinyRun.model(sharded), TinyRun.model(whole));
            return null;
        });
    }

    /** Kinds of runs, and levels. */
    static Stream<Arguments> kindsAndLevels() {
        return TestMatrix.covering(
                RunKind.all()
                        .flatMap(kind -> kind.levels().stream()
                                .map(shard ->
                                        Arguments.of(kind.task(), kind.method(), kind.extra(), shard, kind.loss()))),
                4);
    }

    /** In the last step of an epoch some ranks have fewer micro-batches than others. */
    @ParameterizedTest
    @MethodSource("kindsAndLevels")
    void trainsTheSameModelOfEveryKind(
            RunConfig.Task task, MethodConfig.Type method, RunKind.Extra extra, Shard shard, String loss)
            throws Exception {
        RunKind kind = new RunKind(task, loss, method, extra);
        TinyRun tiny = kind.prepare(
                folder,
                "training.max_steps=3",
                "training.per_device_train_batch_size=2",
                "training.gradient_accumulation_steps=3",
                "training.weight_decay=0.1");
        RunConfig whole = kind.withSecret(tiny.config("whole", WHOLE));
        RunConfig sharded = kind.withSecret(tiny.config("sharded", shard(shard)));
        SmallUnits.call(64, () -> {
            TinyRun.Outcome expected = tiny.run(whole, 4, null);
            TinyRun.Outcome outcome = tiny.run(sharded, 4, null);
            if (task == RunConfig.Task.EMBEDDING && shard != Shard.OPTIMIZER) {
                // All micro-batches pass a block together, so the loss that compares them is computed at once.
                assertSameLosses(outcome.losses(), expected.losses());
                return null;
            }
            assertThat(outcome.losses()).isEqualTo(expected.losses());
            assertThat(norms(outcome)).isEqualTo(norms(expected));
            assertBitEqual(TinyRun.model(sharded), TinyRun.model(whole));
            return null;
        });
    }

    /** The gradient has a part of the head and a part of the lookups, and a sharded step ends one before the other. */
    @ParameterizedTest
    @EnumSource(
            value = Shard.class,
            names = {"GRADIENTS", "FULL"})
    void trainsTheSameRowsOfATiedTable(Shard shard) throws Exception {
        trainsTheSameModelOfEveryKind(
                RunConfig.Task.CAUSAL_LM, MethodConfig.Type.LORA, RunKind.Extra.TOKENS, shard, "");
    }

    private static List<Double> norms(TinyRun.Outcome outcome) {
        return outcome.records().stream()
                .filter(record -> record.gradNorm() != null)
                .map(record -> record.gradNorm())
                .toList();
    }

    static Stream<Arguments> resumes() {
        return TestMatrix.of(TestMatrix.product(
                List.of("full", "tied", "codes", "lora"),
                List.of(1, 3),
                List.of(Shard.values()),
                List.of(Shard.values())));
    }

    /** Resumes a checkpoint of two ranks on other numbers of ranks, with another level. */
    @ParameterizedTest
    @MethodSource("resumes")
    void resumesOnAnyNumberOfRanks(String kind, int ranks, Shard before, Shard after) throws Exception {
        TinyRun tiny = run(kind);
        RunConfig whole = tiny.config("whole", with(SAVED, WHOLE));
        RunConfig sharded = tiny.config("sharded", with(SAVED, shard(before)));
        SmallUnits.call(kind.equals("codes") ? 4096 : 64, () -> {
            tiny.run(whole, 2, null);
            tiny.run(sharded, 2, null);
            Checkpoint fourth = tiny.checkpoints(whole).get(0);
            assertThat(tiny.checkpoints(sharded)).isEqualTo(tiny.checkpoints(whole));
            Map<String, float[]> expected = resumed(tiny, whole, fourth, WHOLE, ranks);
            assertBitEqual(resumed(tiny, sharded, fourth, shard(after), ranks), expected);
            assertBitEqual(resumed(tiny, sharded, fourth, shard(after), 2), TinyRun.model(whole));
            return null;
        });
    }

    /** Ranks with unlike numbers of evaluated batches; the best step is not the last one. */
    @Test
    void exportsTheBestModelFromItsShares() throws Exception {
        TinyRun tiny = run("tied");
        String[] settings = {
            "training.eval_steps=2",
            "training.learning_rate=0.5",
            "training.lr_scheduler_type=constant",
            "training.per_device_eval_batch_size=1"
        };
        RunConfig whole = tiny.config("whole", with(List.of(settings), WHOLE));
        RunConfig sharded = tiny.config("sharded", with(List.of(settings), shard(Shard.FULL)));
        SmallUnits.call(64, () -> {
            TinyRun.Outcome expected = tiny.run(whole, 3, null);
            TinyRun.Outcome outcome = tiny.run(sharded, 3, null);
            assertThat(outcome.records())
                    .filteredOn(record -> record.eval() != null)
                    .isNotEmpty();
            assertThat(outcome.result().bestStep()).isEqualTo(expected.result().bestStep());
            assertThat(outcome.result().eval()).isEqualTo(expected.result().eval());
            assertThat(outcome.result().bestStep()).isLessThan(outcome.result().steps());
            assertBitEqual(TinyRun.model(sharded), TinyRun.model(whole));
            return null;
        });
    }

    private static String[] with(List<String> settings, String... more) {
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
