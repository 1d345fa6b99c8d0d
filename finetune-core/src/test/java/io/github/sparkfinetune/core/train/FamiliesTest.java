package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.DecoderArchitecture;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.predict.LoadedModel;
import io.github.sparkfinetune.core.predict.References;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.core.train.step.Evaluation;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.testing.TestMatrix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every family in the registry is trained for every task of its heads, by every method. The written model has the
 * metrics of the trained model. The table of families in {@code models.md} is generated here.
 */
class FamiliesTest {
    private static final Configuration HADOOP = new Configuration();
    private static final Path PAGE = Path.of("../submit/docs/models.md");
    private static final String BEGIN = "<!-- Made by FamiliesTest from the registry. -->\n";
    private static final String END = "<!-- End of the table. -->\n";
    private static final List<Task> ENCODERS = List.of(
            Task.CLASSIFICATION,
            Task.TOKEN_CLASSIFICATION,
            Task.QUESTION_ANSWERING,
            Task.MASKED_LM,
            Task.EMBEDDING,
            Task.RERANKING);
    /** Tasks of decoders; sft is left out, because its samples are those of causal-lm with fewer labels. */
    private static final List<Task> DECODERS = List.of(
            Task.CLASSIFICATION,
            Task.TOKEN_CLASSIFICATION,
            Task.CAUSAL_LM,
            Task.PREFERENCE,
            Task.REWARD,
            Task.EMBEDDING,
            Task.RERANKING);

    static final Map<Task, HeadKind> HEADS = Map.ofEntries(
            Map.entry(Task.CLASSIFICATION, HeadKind.SEQUENCE_CLASSIFICATION),
            Map.entry(Task.TOKEN_CLASSIFICATION, HeadKind.TOKEN_CLASSIFICATION),
            Map.entry(Task.QUESTION_ANSWERING, HeadKind.QUESTION_ANSWERING),
            Map.entry(Task.MASKED_LM, HeadKind.MASKED_LM),
            Map.entry(Task.CAUSAL_LM, HeadKind.CAUSAL_LM),
            Map.entry(Task.PREFERENCE, HeadKind.CAUSAL_LM),
            Map.entry(Task.REWARD, HeadKind.SEQUENCE_CLASSIFICATION),
            Map.entry(Task.EMBEDDING, HeadKind.EMBEDDING),
            Map.entry(Task.RERANKING, HeadKind.SEQUENCE_CLASSIFICATION));

    @TempDir
    private Path folder;

    /** Returns the golden models of a family; models for the head come first. */
    static List<Path> models(String modelType, HeadKind head) {
        return GoldenFiles.folders("models").stream()
                .filter(folder -> HfConfig.read(folder).modelType().equals(modelType))
                .sorted((a, b) -> Boolean.compare(has(b, head), has(a, head)))
                .toList();
    }

    private static boolean has(Path folder, HeadKind head) {
        return GoldenFiles.head(folder).equals(Optional.of(head));
    }

    private static Architecture architecture(String modelType) {
        return Architectures.of(
                HfConfig.read(models(modelType, HeadKind.CAUSAL_LM).get(0)));
    }

    static List<Task> tasks(String modelType) {
        if (architecture(modelType) instanceof DecoderArchitecture decoder) {
            return DECODERS.stream()
                    .filter(task -> decoder.heads().contains(HEADS.get(task)))
                    .toList();
        }
        return ENCODERS;
    }

    static boolean isRefused(String modelType, Task task) {
        // Another model, ELECTRA's generator, predicts masked tokens.
        return modelType.equals("electra") && task == Task.MASKED_LM;
    }

    static Stream<Arguments> familiesTasksAndMethods() {
        return TestMatrix.of(Architectures.modelTypes().stream()
                .flatMap(type -> TestMatrix.product(List.of(type), tasks(type), List.of(MethodConfig.Type.values()))));
    }

    @ParameterizedTest
    @MethodSource("familiesTasksAndMethods")
    void trainsAndWritesAModelWithTheSameMetrics(String modelType, Task task, MethodConfig.Type method)
            throws Exception {
        Path golden = models(modelType, HEADS.get(task)).get(0);
        Path base = TinyModel.copy(folder.resolve("base"), golden.getFileName().toString(), config -> {});
        TinyRun tiny = new TinyRun(folder, base, key(task), "training.max_steps=2", "training.warmup_ratio=0");
        if (isRefused(modelType, task)) {
            RunConfig config = tiny.config("run");
            assertThatThrownBy(() -> tiny.run(config, 1, null))
                    .hasRootCauseInstanceOf(RunException.class)
                    .hasMessageContaining("model_type " + modelType + " is not supported for " + key(task));
            return;
        }
        RunConfig config = tiny.config("run", RunKind.method(task, method).toArray(String[]::new));
        TinyRun.Outcome outcome = tiny.run(config, 1, null);
        assertThat(outcome.losses()).hasSize(2).allMatch(Double::isFinite);
        Map<String, Double> measured = outcome.result().eval();
        Map<String, Double> written = written(config, base);
        assertThat(written.keySet()).isEqualTo(measured.keySet());
        measured.forEach((metric, value) ->
                assertThat(written.get(metric)).as(metric).isCloseTo(value, within(1e-5 + 1e-4 * Math.abs(value))));
    }

    static String key(Task task) {
        return task.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Returns the metrics of the evaluation split for the model or adapter that a run wrote. */
    private Map<String, Double> written(RunConfig config, Path base) throws IOException {
        org.apache.hadoop.fs.Path dataset = new org.apache.hadoop.fs.Path(config.dataset());
        Manifest manifest = Manifest.read(dataset, HADOOP);
        TokenizerFiles tokenizer = TaskDatas.tokenizer(
                new org.apache.hadoop.fs.Path(base.toUri()), config, Architectures::positions, HADOOP);
        Optional<Path> adapted = config.method().isLora() ? Optional.of(base) : Optional.empty();
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1);
                SampleSource split = References.withReferences(
                        config,
                        manifest,
                        Manifest.EVAL,
                        TaskDatas.of(config)
                                .draws(tokenizer)
                                .evaluated(ParquetSamples.open(dataset, manifest, Manifest.EVAL, HADOOP)),
                        HADOOP,
                        folder)) {
            LoadedModel model = LoadedModel.trained(config, manager, TinyRun.exported(config), adapted, 1);
            return new Evaluation(split, config.training().perDeviceEvalBatchSize())
                    .run(model.task().scorer(), new SingleRank(), () -> {}, () -> {});
        }
    }

    @Test
    void listsEveryFamilyInThePage() throws IOException {
        String text = Files.readString(PAGE);
        int begin = text.indexOf(BEGIN) + BEGIN.length();
        int end = text.indexOf(END);
        assertThat(text).contains(BEGIN, END);
        if (Boolean.getBoolean("families.write")) {
            Files.writeString(PAGE, text.substring(0, begin) + table() + text.substring(end));
        }
        assertThat(Files.readString(PAGE))
                .as("write it with ./mvnw -pl finetune-core -am test -Dtest=FamiliesTest -Dfamilies.write=true"
                        + " -Dsurefire.failIfNoSpecifiedTests=false")
                .contains(BEGIN + table() + END);
    }

    private static String table() {
        StringBuilder table = new StringBuilder("\n| `model_type` |");
        List<Task> columns = List.of(
                Task.CLASSIFICATION,
                Task.TOKEN_CLASSIFICATION,
                Task.QUESTION_ANSWERING,
                Task.MASKED_LM,
                Task.CAUSAL_LM);
        columns.forEach(task -> table.append(
                task == Task.CAUSAL_LM
                        ? " `causal-lm`, `sft`, `preference`, `unpaired-preference` | GGUF |\n"
                        : " `" + key(task) + "` |"));
        table.append("|---|---|---|---|---|---|---|\n");
        for (String type : Architectures.modelTypes()) {
            table.append("| `").append(type).append("` |");
            columns.forEach(task -> table.append(' ').append(cell(type, task)).append(" |"));
            table.append(isWrittenAsGguf(type) ? " yes |\n" : " – |\n");
        }
        return table.append('\n').toString();
    }

    /** Returns whether llama.cpp has the family; llama.cpp may not support every golden model of the family. */
    private static boolean isWrittenAsGguf(String modelType) {
        return models(modelType, HeadKind.CAUSAL_LM).stream().anyMatch(folder -> {
            try {
                return Architectures.of(HfConfig.read(folder)).gguf().isPresent();
            } catch (RunException e) {
                return false;
            }
        });
    }

    /** Returns the table cell with the golden models of a family for a task. */
    private static String cell(String modelType, Task task) {
        if (!tasks(modelType).contains(task) || isRefused(modelType, task)) {
            return "–";
        }
        String golden = models(modelType, HEADS.get(task)).stream()
                .filter(folder -> has(folder, HEADS.get(task)))
                .map(folder -> folder.getFileName().toString())
                .collect(Collectors.joining(", "));
        return golden.isEmpty() ? "yes" : golden;
    }
}
