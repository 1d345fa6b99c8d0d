package io.github.sparkfinetune.extra.tracking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.data.files.Http;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.listener.CommandOnRun;
import io.github.sparkfinetune.spark.listener.RunListener.Status;
import io.github.sparkfinetune.spark.run.ModelRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Models of MLflow and their versions. {@code submit/bench/run tracking} loads them with MLflow itself. */
@Timeout(600)
class MlflowRegistryTest {
    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
    private static final Http.Times TIMES = new Http.Times(2, Duration.ofSeconds(1), Duration.ofMillis(1));
    private static final String REGISTERED = "training.registered_model_name=mails";

    @TempDir
    private Path dir;

    private MlflowServer server;
    private final Map<String, String> environment = new HashMap<>();
    private final List<String> printed = Collections.synchronizedList(new ArrayList<>());

    @BeforeEach
    void serve() throws IOException {
        server = new MlflowServer();
        environment.put("MLFLOW_TRACKING_URI", server.uri());
        write("model/config.json", "{\"architectures\": [\"BertForSequenceClassification\"], \"dtype\": \"float32\"}");
        write("model/model.safetensors", "weights");
        write("model/tokenizer.json", "{}");
        write("model/tokenizer_config.json", "{}");
        write("dataset/manifest-1.json", "{}");
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private void write(String file, String text) throws IOException {
        Path path = dir.resolve("run").resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    private void track(String... settings) {
        RunConfig run = Runs.in(dir, settings);
        CommandOnRun command =
                new CommandOnRun(run, new Configuration(), environment, Map.of(), true, List.of(), printed::add);
        MlflowTracker.start(command, TIMES, Duration.ofMillis(1))
                .end(Status.FINISHED, List.of(), Duration.ofSeconds(30));
    }

    private Map<String, byte[]> stored() {
        Map<String, byte[]> stored = new HashMap<>();
        server.artifacts.forEach((name, bytes) -> stored.put(name.replaceFirst(".*/artifacts/", ""), bytes));
        return stored;
    }

    private JsonNode mlmodel() throws IOException {
        return YAML.readTree(stored().get("model/MLmodel"));
    }

    @Test
    void aLoggedModelHasMlflowsFlavors() throws IOException {
        environment.put("HF_MLFLOW_LOG_ARTIFACTS", "1");
        track("data.max_length=64");

        assertThat(stored())
                .containsOnlyKeys(
                        "model/MLmodel",
                        "model/requirements.txt",
                        "model/conda.yaml",
                        "model/python_env.yaml",
                        "model/config.json",
                        "model/model.safetensors",
                        "model/tokenizer.json",
                        "model/tokenizer_config.json",
                        "model/components/tokenizer/tokenizer.json",
                        "model/components/tokenizer/tokenizer_config.json");
        JsonNode transformers = mlmodel().at("/flavors/transformers");
        assertThat(transformers.path("task").asText()).isEqualTo("text-classification");
        assertThat(transformers.path("pipeline_model_type").asText()).isEqualTo("BertForSequenceClassification");
        assertThat(transformers.path("model_binary").asText()).isEqualTo(".");
        assertThat(transformers.path("torch_dtype").asText()).isEqualTo("torch.float32");
        assertThat(mlmodel().at("/flavors/python_function/config/max_length").asInt())
                .isEqualTo(64);
        assertThat(mlmodel().at("/signature/outputs").asText())
                .isEqualTo("[{\"type\":\"string\",\"name\":\"label\",\"required\":true},"
                        + "{\"type\":\"double\",\"name\":\"score\",\"required\":true}]");
        assertThat(server.registered).isEmpty();
    }

    @Test
    void anAdapterHasAFlavorIfItsBaseCanBeLoaded() throws IOException {
        environment.put("HF_MLFLOW_LOG_ARTIFACTS", "1");
        Files.delete(dir.resolve("run/model/config.json"));
        write("model/adapter_config.json", "{}");
        Files.createDirectories(dir.resolve("model"));
        Files.writeString(dir.resolve("model/config.json"), "{\"architectures\": [\"LlamaForCausalLM\"]}");
        track();
        assertThat(stored()).doesNotContainKey("model/MLmodel").containsKey("model/adapter_config.json");

        track("task=sft");
        JsonNode transformers = mlmodel().at("/flavors/transformers");
        assertThat(transformers.path("peft_adaptor").asText()).isEqualTo(".");
        assertThat(transformers.path("pipeline_model_type").asText()).isEqualTo("LlamaForCausalLM");
        assertThat(transformers.path("local_base_model_path").asText())
                .isEqualTo(dir.resolve("model").toString());
        assertThat(new String(stored().get("model/requirements.txt"), StandardCharsets.UTF_8))
                .contains("peft\n");
    }

    @Test
    void registersAVersionOncePerModel() throws IOException {
        track(REGISTERED);
        track(REGISTERED);
        assertThat(server.registered.get("mails")).hasSize(1);
        JsonNode version = server.registered.get("mails").get(0);
        assertThat(version.path("run_id").asText()).isEqualTo("0".repeat(31) + "1");
        assertThat(version.path("source").asText())
                .isEqualTo("mlflow-artifacts:/0/" + "0".repeat(31) + "1/artifacts/model");
        assertThat(version.path("tags"))
                .extracting(tag -> tag.path("key").asText())
                .containsExactly("model_sha256", "dataset_sha256", "output_dir");
        assertThat(printed).containsOnlyOnce("mlflow    version 1 of mails");
        try (Stream<String> sums = Files.lines(dir.resolve("run/model.sha256"))) {
            assertThat(sums).hasSize(4).allMatch(line -> line.matches("[0-9a-f]{64}  model/[a-z_.]+"));
        }

        write("model/model.safetensors", "other weights");
        Files.setLastModifiedTime(
                dir.resolve("run/model/model.safetensors"),
                FileTime.from(Instant.now().plusSeconds(60)));
        track(REGISTERED);
        assertThat(server.registered.get("mails")).hasSize(2);
        assertThat(new MlflowRegistry().version(dir.resolve("run").toString(), new Configuration()))
                .contains(new ModelRegistry.Version(server.uri(), "mails", "2"));
    }

    @Test
    void pointsAnAliasAtAVersion() {
        track(REGISTERED);
        ModelRegistry.Version version = new MlflowRegistry()
                .version(dir.resolve("run").toString(), new Configuration())
                .orElseThrow();
        MlflowRegistry.setAlias(version, "champion", Map.of(), TIMES);
        assertThat(server.aliases).containsOnly(Map.entry("mails@champion", "1"));

        ModelRegistry.Version absent = new ModelRegistry.Version(server.uri(), "mails", "7");
        assertThatThrownBy(() -> MlflowRegistry.setAlias(absent, "champion", environment, TIMES))
                .hasMessageStartingWith("MLflow: " + server.uri() + " refuses: Model Version (name=mails, version=7)");
        assertThatThrownBy(() -> MlflowRegistry.setAlias(
                        version, "champion", Map.of("MLFLOW_TRACKING_URI", "http://other:5000"), TIMES))
                .hasMessageStartingWith("MLflow: version 1 of mails is at " + server.uri());
    }

    @Test
    void aRunWithoutAVersionHasNone() {
        assertThat(new MlflowRegistry().version(dir.resolve("run").toString(), new Configuration()))
                .isEmpty();
        track();
        assertThat(new MlflowRegistry().version(dir.resolve("run").toString(), new Configuration()))
                .isEmpty();
    }
}
