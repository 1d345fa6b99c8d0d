package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.RunAssertions.assertBitEqual;
import static io.github.sparkfinetune.core.train.RunAssertions.assertSameLosses;
import static io.github.sparkfinetune.core.train.RunAssertions.assertSameMetrics;
import static io.github.sparkfinetune.core.train.RunAssertions.assertSameModel;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.collective.nccl.FakeDevices;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.tensor.CopiesOnCpu;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.testing.TestMatrix;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Runs on the device of a GPU, over tensors of the CPU, train the model of runs on the CPU. Only the kernel of
 * attention differs.
 */
class GpuPathTest {
    private static final double METRIC = 1e-4;

    @TempDir
    private Path folder;

    /** Runs that differ in what passes between host and device. */
    enum Run {
        /** Gradients of ranks, shares of an optimizer. */
        SHARES("bert-seqcls", "classification", 2, "cluster.shard=optimizer", "training.save_steps=2"),
        /** Weights that ranks gather. */
        WEIGHTS("llama-tied", "causal-lm", 2, "cluster.shard=full"),
        /** Staged 4-bit weights. */
        CODES("llama-tied", "sft", 2, "method.type=qlora", "method.lora_dropout=0.1"),
        /** Staged weights of a family whose layers are recorded. */
        RECORDED("gpt2", "causal-lm", 1, "method.type=lora"),
        /** 4-bit weights that ranks gather. */
        SHARED_CODES("llama-tied", "sft", 2, "method.type=qlora", "method.r=2", "cluster.shard=full"),
        /** Weights in BF16, of a preference run with its reference. */
        REFERENCE("llama-untied", "preference", 1, "method.type=lora", "method.use_dora=true"),
        /** Moments in one byte. */
        BYTES("qwen2", "causal-lm", 1, "training.optim=adamw_8bit", "training.gradient_checkpointing=true"),
        ROWS("llama-tied", "causal-lm", 2, "method.type=lora", "method.trainable_token_indices=[20, 7, 60]"),
        TAGS("modernbert-tokencls", "token-classification", 1, "method.type=freeze"),
        ANSWERS("deberta-v3-qa", "question-answering", 1, "method.type=full"),
        MASKED("roberta-mlm", "masked-lm", 2, "method.type=full");

        private final String kind;
        private final String task;
        private final int ranks;

        @SuppressWarnings("ImmutableEnumChecker")
        private final List<String> settings;

        Run(String kind, String task, int ranks, String... settings) {
            this.kind = kind;
            this.task = task;
            this.ranks = ranks;
            this.settings = List.of(settings);
        }

        TinyRun prepare(Path folder) throws Exception {
            Path base = TinyModel.copy(folder.resolve("base"), kind, config -> {});
            if (this == RECORDED || this == REFERENCE) {
                base = TinyModel.rewrite(
                        base, folder.resolve("half"), TensorType.BF16, Long.MAX_VALUE, (name, values) -> {});
            }
            if (this == SHARED_CODES) {
                Path quantized = GoldenFiles.root().resolve("nf4/llama-tied-4bit");
                for (String file : List.of("config.json", "model.safetensors")) {
                    Files.copy(quantized.resolve(file), base.resolve(file), StandardCopyOption.REPLACE_EXISTING);
                }
            }
            String[] all = Stream.concat(settings.stream(), Stream.of("training.max_steps=4", "precision=fp32"))
                    .toArray(String[]::new);
            return new TinyRun(folder, base, task, all);
        }
    }

    static Stream<Arguments> runs() {
        return TestMatrix.first(4, Stream.of(Run.values()).map(Arguments::of).toArray(Arguments[]::new));
    }

    @ParameterizedTest
    @MethodSource("runs")
    void trainsTheModelOfTheCpu(Run run) throws Exception {
        TinyRun tiny = run.prepare(folder);
        RunConfig cpu = tiny.config("cpu");
        RunConfig gpu = tiny.config("gpu");
        TinyRun.Outcome expected = tiny.run(cpu, run.ranks, null);
        TinyRun.Outcome outcome = CopiesOnCpu.call(() -> tiny.run(gpu, run.ranks, null));
        assertSame(outcome, expected, gpu, cpu);
    }

    /** Tests of runs that are on a device themselves. */
    private static final Set<String> ON_A_DEVICE = Set.of("AbsentDeviceRunTest", "PinnedMemoryRunTest");

    /** Every test of runs stands in {@link GpuPathRunsTest}, or in a class beside it. */
    @Test
    void repeatsEveryTestOfRuns() throws Exception {
        Path classes = Path.of(
                        GpuPathTest.class.getResource("GpuPathTest.class").toURI())
                .getParent();
        List<String> tests;
        try (Stream<Path> files = Files.list(classes)) {
            tests = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.matches("\\w+(Run|Golden)Test\\.class"))
                    .map(name -> name.replace(".class", ""))
                    .filter(name -> !ON_A_DEVICE.contains(name))
                    .toList();
        }
        assertThat(tests).contains("ClassificationRunTest");
        assertThat(Stream.concat(
                                Stream.of(GpuPathRunsTest.class.getDeclaredClasses()),
                                Stream.of(GpuPathShardedTest.class, GpuPathStoredTypesTest.class))
                        .map(nested -> nested.getSuperclass().getSimpleName()))
                .containsAll(tests);
    }

    static Stream<Arguments> kinds() {
        return TestMatrix.covering(
                RunKind.all().map(kind -> Arguments.of(kind.task(), kind.method(), kind.extra(), kind.loss())), 3);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void trainsTheModelOfTheCpuForEveryKind(
            RunConfig.Task task, MethodConfig.Type method, RunKind.Extra extra, String loss) throws Exception {
        RunKind kind = new RunKind(task, loss, method, extra);
        TinyRun tiny = kind.prepare(
                folder,
                "training.max_steps=3",
                "training.per_device_train_batch_size=6",
                "training.warmup_ratio=0.5",
                "precision=fp32");
        RunConfig cpu = kind.withSecret(tiny.config("cpu"));
        RunConfig gpu = kind.withSecret(tiny.config("gpu"));
        TinyRun.Outcome expected = tiny.run(cpu, 2, null);
        TinyRun.Outcome outcome = CopiesOnCpu.call(() -> tiny.run(gpu, 2, null));
        assertSame(outcome, expected, gpu, cpu);
    }

    /** Kinds of runs whose predictions can be explained, from each kind of gradient of a sample. */
    static Stream<Arguments> explained() {
        return TestMatrix.of(RunKind.all()
                .filter(kind -> kind.extra() == RunKind.Extra.NOTHING && kind.explains())
                .map(kind -> Arguments.of(kind.task(), kind.loss(), kind.method())));
    }

    @ParameterizedTest
    @MethodSource("explained")
    void explainsAsTheCpuDoes(RunConfig.Task task, String loss, MethodConfig.Type method) throws Exception {
        RunKind kind = new RunKind(task, loss, method, RunKind.Extra.NOTHING);
        TinyRun tiny = kind.prepare(folder, "training.max_steps=2", "training.save_steps=1", "precision=fp32");
        RunConfig run = tiny.config("run");
        tiny.run(run, 1, null);

        double[][] expected = influence(run);
        double[][] actual = CopiesOnCpu.call(() -> influence(run));

        double largest = Stream.of(expected)
                .flatMapToDouble(Arrays::stream)
                .map(Math::abs)
                .max()
                .orElseThrow();
        assertThat(largest).isPositive();
        for (int sample = 0; sample < expected.length; sample++) {
            assertThat(actual[sample]).containsExactly(expected[sample], within(1e-4 * largest));
        }
    }

    /** Returns the influence of some training samples on some of the evaluation samples. */
    private double[][] influence(RunConfig run) throws Exception {
        Configuration hadoop = new Configuration();
        RankContext rank = new RankContext(
                new SingleRank(),
                -1,
                1,
                hadoop,
                folder.resolve("local"),
                "explain",
                record -> {},
                () -> StopRequest.NONE);
        Manifest manifest = Manifest.read(new org.apache.hadoop.fs.Path(run.dataset()), hadoop);
        List<Sample> predictions;
        try (TrainingResources resources = new TrainingResources(run, rank, null)) {
            predictions = LongStream.range(0, 3)
                    .mapToObj(resources.eval().orElseThrow()::read)
                    .toList();
        }
        try (Influence influence = new Influence(run, rank, Influence.points(run, manifest, hadoop))) {
            return influence.of(predictions, 0, 5);
        }
    }

    private static void assertSame(
            TinyRun.Outcome actual, TinyRun.Outcome expected, RunConfig actualRun, RunConfig expectedRun) {
        assertSameLosses(actual.losses(), expected.losses());
        assertSameMetrics(actual.result().eval(), expected.result().eval(), METRIC);
        assertSameModel(TinyRun.model(actualRun), TinyRun.model(expectedRun));
    }

    static Stream<Arguments> runsOfRanks() {
        return TestMatrix.first(
                2,
                Arguments.of(Run.WEIGHTS),
                Arguments.of(Run.SHARED_CODES),
                Arguments.of(Run.SHARES),
                Arguments.of(Run.ROWS),
                Arguments.of(Run.CODES),
                Arguments.of(Run.MASKED));
    }

    /** Two values have the same sum in every order, so the bits are those of the exchange. */
    @ParameterizedTest
    @MethodSource("runsOfRanks")
    void sumsOnTheDevicesWhatTheExchangeSums(Run run) throws Exception {
        TinyRun tiny = run.prepare(folder);
        RunConfig exchange = tiny.config("exchange");
        RunConfig devices = tiny.config("devices");
        TinyRun.Outcome expected = CopiesOnCpu.call(() -> tiny.run(exchange, run.ranks, null));
        try (FakeDevices fakes = new FakeDevices(run.ranks)) {
            TinyRun.Outcome outcome =
                    CopiesOnCpu.call(() -> tiny.run(devices, run.ranks, null, "attempt", fakes::over));
            assertThat(outcome.losses()).isEqualTo(expected.losses());
        }
        assertBitEqual(TinyRun.model(devices), TinyRun.model(exchange));
    }
}
