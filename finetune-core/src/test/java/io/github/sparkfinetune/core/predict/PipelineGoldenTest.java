package io.github.sparkfinetune.core.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.task.TestRows;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.redact.ModelSpans;
import io.github.sparkfinetune.data.task.RawRow;
import io.github.sparkfinetune.data.task.RawSource;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Entities equal those of the pipeline of {@code transformers}, see {@code make_pipeline.py}. */
class PipelineGoldenTest {
    private static final Path RESOURCES = Path.of("src/test/resources");

    @TempDir
    private Path folder;

    @TestFactory
    List<DynamicTest> findsTheEntitiesOfThePipeline() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        JsonNode cases = new ObjectMapper()
                .readTree(RESOURCES.resolve("ner/pipeline.json").toFile());
        for (JsonNode golden : cases) {
            int number = tests.size();
            tests.add(DynamicTest.dynamicTest(
                    "pipeline.json " + number, () -> compare(golden, folder.resolve("case-" + number))));
        }
        assertThat(tests).isNotEmpty();
        return tests;
    }

    private static void compare(JsonNode golden, Path run) throws IOException {
        Path base =
                RESOURCES.resolve("golden/models").resolve(golden.get("model").asText());
        RunConfig config = RunConfigLoader.parse("""
                model: %s
                task: token-classification
                data: {train: unused, max_length: 64}
                output: {dir: %s}
                """.formatted(base.toAbsolutePath(), run), "test.yaml", List.of());
        List<String> labels = new ArrayList<>();
        golden.get("labels").forEach(label -> labels.add(label.asText()));
        copy(base, run.resolve("model"), labels);
        Configuration hadoop = new Configuration();
        TokenizerFiles tokenizer = TaskDatas.tokenizer(
                new org.apache.hadoop.fs.Path(config.model()), config, Architectures::positions, hadoop);
        TaskInput input = input(TaskDatas.of(config), tokenizer, "{\"text\": " + golden.get("text") + "}");
        try (Predictor predictor = Predictor.trained(config, hadoop, run, -1, 1)) {
            Map<String, Object> row =
                    TestRows.named(predictor.predict(List.of(input).iterator()).next());
            @SuppressWarnings("unchecked")
            List<Map<String, Object>> entities = (List<Map<String, Object>>) row.get("entities");
            assertThat(entities).hasSize(golden.get("entities").size());
            for (int i = 0; i < entities.size(); i++) {
                JsonNode expected = golden.get("entities").get(i);
                assertThat(entities.get(i))
                        .containsEntry("start", expected.get("start").asInt())
                        .containsEntry("end", expected.get("end").asInt())
                        .containsEntry("word", expected.get("word").asText())
                        .containsEntry("label", expected.get("label").asText());
                assertThat((Double) entities.get(i).get("score"))
                        .isCloseTo(expected.get("score").asDouble(), within(1e-5));
            }
        }
    }

    private static void copy(Path base, Path model, List<String> labels) throws IOException {
        Files.createDirectories(model);
        try (Stream<Path> files = Files.list(base)) {
            for (Path file : files.toList()) {
                Files.copy(file, model.resolve(file.getFileName().toString()));
            }
        }
        HfConfig config = HfConfig.read(base);
        String architecture = config.find("architectures").orElseThrow().get(0).asText();
        Files.write(
                model.resolve(HfConfig.FILE),
                config.asTokenClassifier(architecture, labels, "float32").toJson());
    }

    private static <C> TaskInput input(TaskData<C> task, TokenizerFiles files, String json) {
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            return task.inputs(tokenizer, files)
                    .apply(task.reading(new Source(), files, false)
                            .cleaner()
                            .open(ModelSpans.none())
                            .clean(new Row(json)));
        }
    }

    private record Row(String json) implements RawRow {
        @Override
        public String file() {
            return "file";
        }

        @Override
        public String text(int column) {
            return json;
        }
    }

    private record Source() implements RawSource {
        @Override
        public String key() {
            return "data.train";
        }

        @Override
        public String split() {
            return "train";
        }

        @Override
        public String path() {
            return "rows.jsonl";
        }

        @Override
        public DataFormat format() {
            return DataFormat.JSONL;
        }

        @Override
        public List<String> columns() {
            return List.of("text");
        }
    }
}
