package io.github.sparkfinetune.conf.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.BadConfigTest;
import io.github.sparkfinetune.conf.ClassWeight;
import io.github.sparkfinetune.conf.ClassificationConfig;
import io.github.sparkfinetune.conf.ClassificationConfig.ProblemType;
import io.github.sparkfinetune.conf.ClusterConfig;
import io.github.sparkfinetune.conf.ColumnNames;
import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.GenerationConfig;
import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.ModuleNames;
import io.github.sparkfinetune.conf.Overlong;
import io.github.sparkfinetune.conf.Packing;
import io.github.sparkfinetune.conf.PrivacyConfig;
import io.github.sparkfinetune.conf.QuestionAnsweringConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.DeviceChoice;
import io.github.sparkfinetune.conf.RunConfig.PrecisionChoice;
import io.github.sparkfinetune.conf.TokenizerConfig;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.conf.TrainingConfig.LrSchedulerType;
import io.github.sparkfinetune.conf.TrainingConfig.Optim;
import io.github.sparkfinetune.conf.corpus.C4Config;
import io.github.sparkfinetune.conf.corpus.CorpusConfig;
import io.github.sparkfinetune.conf.corpus.CorpusConfig.Normalization;
import io.github.sparkfinetune.conf.corpus.CorpusConfig.StoppingStrategy;
import io.github.sparkfinetune.conf.corpus.FinewebConfig;
import io.github.sparkfinetune.conf.corpus.GopherQualityConfig;
import io.github.sparkfinetune.conf.corpus.GopherRepetitionConfig;
import io.github.sparkfinetune.conf.key.Components;
import io.github.sparkfinetune.conf.redact.RedactConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunConfigLoaderTest {
    private static final String MINIMAL = "{model: m, task: classification, data: {train: t}, output: {dir: o}}";

    @Test
    void defaultsDependOnTaskAndMethod() {
        assertThat(training("classification", "full"))
                .returns(5e-5, TrainingConfig::learningRate)
                .returns(3, TrainingConfig::numTrainEpochs)
                .returns(0.1, TrainingConfig::warmupRatio);
        assertThat(training("sft", "full")).returns(2e-5, TrainingConfig::learningRate);
        assertThat(training("sft", "qlora")).returns(5e-4, TrainingConfig::learningRate);
        assertThat(training("causal-lm", "lora"))
                .returns(5e-4, TrainingConfig::learningRate)
                .returns(1, TrainingConfig::numTrainEpochs);
        assertThat(training("preference", "lora")).returns(1e-4, TrainingConfig::learningRate);
        assertThat(training("classification", "freeze", "training.learning_rate=5.0e-5", "training.num_train_epochs=1"))
                .returns(5e-5, TrainingConfig::learningRate)
                .returns(1, TrainingConfig::numTrainEpochs);
        assertThat(Usual.run("reward", "lora").training().learningRate()).isEqualTo(2e-4);
    }

    private static TrainingConfig training(String task, String method, String... overrides) {
        String run = "{model: m, task: %s, method: {type: %s}, data: {train: t}, output: {dir: o}}";
        return RunConfigLoader.parse(run.formatted(task, method), "run.yaml", List.of(overrides))
                .training();
    }

    @Test
    void translatesAKeyOfTheReleaseBefore() {
        String former = "{model: m, task: classification, data: {train: t}, output: {dir: o}, "
                + "cluster: {shard_optimizer: true}}";

        assertThat(shard(former)).isEqualTo(ClusterConfig.Shard.OPTIMIZER);
        assertThat(shard(MINIMAL, "cluster.shard_optimizer=true")).isEqualTo(ClusterConfig.Shard.OPTIMIZER);
        assertThat(shard(MINIMAL, "cluster.shard=full", "cluster.shard_optimizer=false"))
                .isEqualTo(ClusterConfig.Shard.FULL);
    }

    private static ClusterConfig.Shard shard(String yaml, String... overrides) {
        return RunConfigLoader.parse(yaml, "run.yaml", List.of(overrides))
                .cluster()
                .shard();
    }

    @Test
    void readsDefaultsFromDefaultsYaml() {
        RunConfig config = RunConfigLoader.parse(MINIMAL, "run.yaml", List.of());

        assertThat(config.device()).isEqualTo(DeviceChoice.AUTO);
        assertThat(config.data())
                .isEqualTo(new DataConfig(
                        /* train= */ "t",
                        /* eval= */ null,
                        /* test= */ null,
                        /* heldOut= */ Map.of(),
                        /* format= */ DataFormat.AUTO,
                        /* encoding= */ "UTF-8",
                        /* multiline= */ false,
                        /* text= */ "text",
                        /* textPair= */ null,
                        /* label= */ "label",
                        /* evalFraction= */ 0.1,
                        /* testFraction= */ 0.0,
                        /* splitBy= */ null,
                        /* splitByTime= */ null,
                        /* maxTextBytes= */ 1_000_000,
                        /* maxBadFraction= */ 0.01,
                        /* deduplicate= */ null,
                        /* strict= */ false,
                        /* maxLength= */ 128,
                        /* stride= */ null,
                        /* packing= */ Packing.NONE,
                        /* overlong= */ Overlong.TRUNCATE,
                        /* chatTemplate= */ null,
                        /* assistantOnlyLoss= */ true,
                        /* dir= */ null,
                        /* shards= */ null,
                        /* seed= */ 42,
                        /* incremental= */ false,
                        /* generation= */ null,
                        /* subject= */ null,
                        /* subjectKeyFile= */ null,
                        /* redact= */ new RedactConfig(
                                List.of(),
                                RedactConfig.Operator.REPLACE,
                                Map.of(),
                                List.of(),
                                List.of("US", "GB", "DE", "FR", "IL", "IN", "CA", "BR"),
                                null,
                                null,
                                null,
                                Map.of(),
                                0),
                        /* corpus= */ new CorpusConfig(
                                List.of(),
                                StoppingStrategy.FIRST_EXHAUSTED,
                                Normalization.NONE,
                                List.of(),
                                null,
                                List.of(),
                                null,
                                new GopherQualityConfig(
                                        50,
                                        100_000,
                                        3,
                                        10,
                                        0.1,
                                        0.9,
                                        0.3,
                                        0.8,
                                        2,
                                        List.of("the", "be", "to", "of", "and", "that", "have", "with")),
                                new GopherRepetitionConfig(
                                        0.3,
                                        0.3,
                                        0.2,
                                        0.2,
                                        Map.of("2", 0.2, "3", 0.18, "4", 0.16),
                                        Map.of("5", 0.15, "6", 0.14, "7", 0.13, "8", 0.12, "9", 0.11, "10", 0.1)),
                                new C4Config(true, true, 3, 1000, true, true, 5, true, true),
                                new FinewebConfig(0.12, false, 0.67, 30, 0.01, 0.3),
                                new CorpusConfig.NearDedup(false, 5, 14, 8, 0.75),
                                new CorpusConfig.Decontaminate(false, 13))));
        assertThat(config.precision()).isEqualTo(PrecisionChoice.AUTO);
        assertThat(config.tokenizer()).isEqualTo(new TokenizerConfig(List.of()));
        assertThat(config.classification())
                .isEqualTo(new ClassificationConfig(ProblemType.SINGLE_LABEL_CLASSIFICATION, null));
        assertThat(config.generation()).isEqualTo(new GenerationConfig(128, false, 1, 50, 1, 1, 0, 0));
        assertThat(config.questionAnswering())
                .isEqualTo(new QuestionAnsweringConfig("question", "context", "answers", false, 20, 30, false));
        assertThat(config.method()).isEqualTo(MethodConfig.full());
        assertThat(config.training())
                .isEqualTo(new TrainingConfig(
                        /* numTrainEpochs= */ 3,
                        /* maxSteps= */ 0,
                        /* perDeviceTrainBatchSize= */ 16,
                        /* perDeviceEvalBatchSize= */ 32,
                        /* gradientAccumulationSteps= */ 1,
                        /* gradientCheckpointing= */ false,
                        /* learningRate= */ 5e-5,
                        /* lrSchedulerType= */ LrSchedulerType.LINEAR,
                        /* lrSchedulerKwargs= */ Map.of(),
                        /* warmupRatio= */ 0.1,
                        /* warmupSteps= */ 0,
                        /* layerwiseLrDecay= */ 1.0,
                        /* loraplusLrRatio= */ 1.0,
                        /* optim= */ Optim.ADAMW_TORCH,
                        /* adamBeta1= */ 0.9,
                        /* adamBeta2= */ 0.999,
                        /* adamEpsilon= */ 1e-8,
                        /* weightDecay= */ 0.0,
                        /* maxGradNorm= */ 1.0,
                        /* l2Sp= */ 0.0,
                        /* neftuneNoiseAlpha= */ 0.0,
                        /* privacy= */ new PrivacyConfig(0, 0, 0, null, null),
                        /* seed= */ 42,
                        /* evalSteps= */ 0,
                        /* evalMaxSamples= */ 0,
                        /* earlyStoppingPatience= */ 0,
                        /* metricForBestModel= */ "loss",
                        /* saveSteps= */ 0,
                        /* saveMinutes= */ 15,
                        /* saveTotalLimit= */ 2,
                        /* keepCheckpointsEvery= */ 0,
                        /* loggingSteps= */ 1,
                        /* reportTo= */ List.of(),
                        /* runName= */ null,
                        /* registeredModelName= */ null));
        assertThat(config.cluster())
                .isEqualTo(new ClusterConfig(
                        1, 0, null, 10, 120, false, ClusterConfig.Shard.NONE, ClusterConfig.CollectiveChoice.AUTO));
    }

    @Test
    void deduplicatesACorpusByDefault() {
        assertThat(deduplicates()).isFalse();
        assertThat(deduplicates("data.deduplicate=true")).isTrue();
        assertThat(deduplicates("data.corpus.mask=[ip]")).isTrue();
        assertThat(deduplicates("data.corpus.mask=[ip]", "data.deduplicate=false"))
                .isFalse();
        assertThat(deduplicates("data.corpus.near_dedup.enabled=true", "data.deduplicate=false"))
                .isTrue();
    }

    private static boolean deduplicates(String... overrides) {
        return RunConfigLoader.parse(MINIMAL, "run.yaml", List.of(overrides))
                .data()
                .deduplicates();
    }

    @Test
    void overridesWinOverTheFileAndTheLastOverrideWins() {
        RunConfig config = RunConfigLoader.parse(
                MINIMAL,
                "run.yaml",
                List.of(
                        "training.learning_rate=2e-5",
                        "training.learning_rate=3e-5",
                        "method={type: freeze, freeze_layers: 1}",
                        "method.freeze_layers=",
                        "training.lr_scheduler_kwargs.num_cycles=3",
                        "data.train=a=b"));

        assertThat(config.training().learningRate()).isEqualTo(3e-5);
        assertThat(config.method()).isEqualTo(MethodConfig.freeze(null));
        assertThat(config.training().lrSchedulerKwargs()).isEqualTo(Map.of("num_cycles", 3));
        assertThat(config.data().train()).isEqualTo("a=b");
    }

    @Test
    void nullGivesASectionItsDefaults() {
        RunConfig plain = RunConfigLoader.parse(MINIMAL, "run.yaml", List.of());
        String yaml = MINIMAL.replace(
                "data:",
                "training: {weight_decay: 0.1, lr_scheduler_kwargs: {num_cycles: 3},"
                        + " privacy: {target_epsilon: 8, delta: 1.0e-5}}, data:");

        RunConfig all = RunConfigLoader.parse(yaml, "run.yaml", List.of("training=null"));
        RunConfig some = RunConfigLoader.parse(
                yaml, "run.yaml", List.of("training.privacy=", "training.lr_scheduler_kwargs=null"));
        RunConfig again = RunConfigLoader.parse(
                yaml,
                "run.yaml",
                List.of("method.type=lora", "training=null", "training.privacy={noise_multiplier: 2, delta: 1.0e-6}"));

        assertThat(all).isEqualTo(plain);
        assertThat(some.training()).isEqualTo(Components.with(plain.training(), "weightDecay", 0.1));
        assertThat(again.training().privacy().noiseMultiplier()).isEqualTo(2);
        assertThat(again.training().privacy().targetEpsilon()).isZero();
    }

    @Test
    void readsTargetModulesAsNamesOrAnExpression() {
        RunConfig names = RunConfigLoader.parse(
                MINIMAL, "run.yaml", List.of("method.type=lora", "method.target_modules=[query, value]"));
        RunConfig all = RunConfigLoader.parse(
                MINIMAL, "run.yaml", List.of("method.type=lora", "method.target_modules=all-linear"));

        assertThat(names.method().targetModules()).isEqualTo(ModuleNames.of(List.of("query", "value")));
        assertThat(all.method().targetModules()).isEqualTo(ModuleNames.matching("all-linear"));
        for (RunConfig config : List.of(names, all)) {
            assertThat(RunConfigLoader.parse(RunConfigLoader.toYaml(config), "run.yaml", List.of()))
                    .isEqualTo(config);
        }
    }

    @Test
    void readsSplitColumnsAsNoneOneOrSeveral() {
        for (Map.Entry<String, List<String>> some : Map.of(
                        "user",
                        List.of("user"),
                        "[user]",
                        List.of("user"),
                        "[a, b]",
                        List.of("a", "b"),
                        "[]",
                        List.<String>of())
                .entrySet()) {
            RunConfig config = RunConfigLoader.parse(MINIMAL, "run.yaml", List.of("data.split_by=" + some.getKey()));
            assertThat(config.data().splitBy()).isEqualTo(ColumnNames.of(some.getValue()));
            assertThat(RunConfigLoader.parse(RunConfigLoader.toYaml(config), "run.yaml", List.of()))
                    .isEqualTo(config);
        }
    }

    @Test
    void readsClassWeightsAsNumbersByLabelOrBalanced() {
        RunConfig balanced =
                RunConfigLoader.parse(MINIMAL, "run.yaml", List.of("classification.class_weight=balanced"));
        RunConfig named =
                RunConfigLoader.parse(MINIMAL, "run.yaml", List.of("classification.class_weight={balanced: 2}"));

        assertThat(balanced.classification().classWeight()).isEqualTo(ClassWeight.balanced());
        assertThat(named.classification().classWeight()).isEqualTo(ClassWeight.of(Map.of("balanced", 2.0)));
        for (RunConfig config : List.of(balanced, named)) {
            assertThat(RunConfigLoader.parse(RunConfigLoader.toYaml(config), "run.yaml", List.of()))
                    .isEqualTo(config);
        }
    }

    @Test
    void classWeightsDefaultToOneAndRejectUnknownLabels() {
        ClassWeight weight = ClassWeight.of(Map.of("spam", 3.0));

        assertThat(weight.of(List.of("ham", "spam"), id -> 7)).containsExactly(1, 3);
        assertThat(ClassWeight.balanced().of(List.of("ham", "spam"), id -> 7 + id))
                .containsExactly(7, 8);
        BadConfigTest.assertRefused(
                () -> weight.requireKnown(List.of("a", "b")),
                "classification.class_weight: no training row has the label spam, there are a, b");
    }

    @Test
    void writesTextThatLooksLikeAnotherTypeAsText() {
        RunConfig config = RunConfigLoader.parse(
                MINIMAL,
                "run.yaml",
                List.of("data.text='null'", "data.label='12'", "data.text_pair=\"a: #b\"", "data.dir='~'"));

        assertThat(RunConfigLoader.parse(RunConfigLoader.toYaml(config), "run.yaml", List.of()))
                .isEqualTo(config);
    }

    @Test
    void namesAMissingFile(@TempDir Path dir) throws IOException {
        Path none = dir.resolve("none.yaml");
        BadConfigTest.assertRefused(() -> RunConfigLoader.load(none, List.of()), none + ": no such file");

        Path binary = Files.write(dir.resolve("binary.yaml"), new byte[] {(byte) 0xff, 0x00});
        BadConfigTest.assertRefused(() -> RunConfigLoader.load(binary, List.of()), binary + ": is not UTF-8 text");
    }

    @Test
    void showsNoValueOfTheData() {
        RunConfig config = RunConfigLoader.parse(
                MINIMAL,
                "run.yaml",
                List.of(
                        "data.redact.entities=[URL]",
                        "data.redact.keep=[Jane Doe, ward.example]",
                        "classification.class_weight={felines: 2, canines: 0.5}"));

        String shown = RunConfigLoader.toYaml(RunConfigLoader.withoutData(config));

        assertThat(shown)
                .doesNotContain("Jane", "ward.example", "felines", "canines")
                .contains("text 2", "label 1: 2.0", "label 2: 0.5");
        RunConfig balanced =
                RunConfigLoader.parse(MINIMAL, "run.yaml", List.of("classification.class_weight=balanced"));
        assertThat(RunConfigLoader.withoutData(balanced)).isEqualTo(balanced);
    }
}
