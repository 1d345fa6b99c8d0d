package io.github.sparkfinetune.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.extra.lineage.RunEvents;
import io.github.sparkfinetune.job.session.SessionRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real run whose session has the settings of OpenLineage's Spark integration. Every event is validated against
 * OpenLineage's published schemas, and every facet against the schema that it names.
 */
@Timeout(600)
class LineageRunTest {
    private static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls");
    private static final String SPEC = "https://openlineage.io/spec/";
    private static final String PARENT = "01941f29-7c00-7087-8940-40e512e257bd";
    private static final Pattern OWN_SCHEMA = Pattern.compile("pkg:maven/[^#]*#(.*)");

    private static final JsonSchemaFactory SCHEMAS = JsonSchemaFactory.getInstance(
            SpecVersion.VersionFlag.V202012,
            builder -> builder.schemaMappers(mappers -> mappers.mapPrefix(SPEC, "classpath:openlineage/")));
    private static final SchemaValidatorsConfig STRICT =
            SchemaValidatorsConfig.builder().formatAssertionsEnabled(true).build();

    @TempDir
    private static Path dir;

    private static LineageServer server;
    private static SparkSession spark;

    @BeforeAll
    static void start() throws IOException {
        server = new LineageServer();
        spark = SparkSession.builder()
                .master("local[1]")
                .config("spark.ui.enabled", "false")
                .config("spark.sql.shuffle.partitions", "2")
                .config("spark.openlineage.transport.type", "http")
                .config("spark.openlineage.transport.url", server.url())
                .config("spark.openlineage.transport.auth.type", "api_key")
                .config("spark.openlineage.transport.auth.apiKey", "secret")
                .config("spark.openlineage.namespace", "mail-team")
                .config("spark.openlineage.parentJobNamespace", "airflow")
                .config("spark.openlineage.parentJobName", "mails.finetune")
                .config("spark.openlineage.parentRunId", PARENT)
                .getOrCreate();
    }

    @AfterAll
    static void stop() {
        spark.stop();
        server.close();
    }

    private static SessionRun run(Path train, String name) {
        return SessionRun.ofText(
                spark,
                "{}",
                "config",
                List.of(
                        "model=" + MODEL,
                        "task=classification",
                        "data.train=" + train,
                        "data.eval_fraction=0.0",
                        "data.test_fraction=0.2",
                        "data.max_length=16",
                        "data.shards=2",
                        "training.max_steps=2",
                        "training.per_device_train_batch_size=4",
                        "cluster.ranks=1",
                        "output.dir=" + dir.resolve(name)),
                null);
    }

    private static Path mails() throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            lines.add("{\"text\": \"" + (i % 2 == 0 ? "a cat " : "the dog ") + i + "\", \"label\": \""
                    + (i % 2 == 0 ? "cat" : "dog") + "\"}");
        }
        return Files.write(dir.resolve("mails.jsonl"), lines);
    }

    @Test
    void eventsOfAFinishedRunAreValid() throws Exception {
        SessionRun run = run(mails(), "finished");
        run.step("prepare", "{}");
        run.step("train", "{}");
        run.step("evaluate", "{}");

        List<String> events = RunEvents.of(
                RunConfigLoader.parse(run.file("run.yaml"), "run.yaml", List.of()),
                spark.sparkContext().hadoopConfiguration(),
                Map.of(),
                Map.of("spark.openlineage.namespace", "mail-team"),
                Map.of("test", Map.of("accuracy", 0.75)));

        assertThat(events).hasSize(3);
        List<JsonNode> read = new ArrayList<>();
        for (String event : events) {
            read.add(JsonFiles.MAPPER.readTree(event));
        }
        read.forEach(LineageRunTest::requireValid);
        assertThat(read)
                .extracting(event -> event.at("/job/name").asText())
                .containsExactly("finished.prepare", "finished.train", "finished.evaluate");
        assertThat(read.get(2)
                        .at("/run/facets/sparkFinetune_metrics/metrics/test/accuracy")
                        .asDouble())
                .isEqualTo(0.75);
        assertThat(read.get(1).at("/inputs/0/facets/version/datasetVersion").asText())
                .isEqualTo(sha256(dir.resolve("finished/dataset/manifest-1.json")));
    }

    @Test
    void everyStepSendsValidEventsThatAreJoinedByTheirDatasets() throws Exception {
        server.events().clear();
        server.requests().clear();
        Path mails = mails();
        SessionRun run = run(mails, "mails");
        run.step("prepare", "{}");
        run.step("train", "{}");
        run.step("evaluate", "{}");
        run.step("predict", "{\"input\": \"%s\", \"output\": \"%s\"}".formatted(mails, dir.resolve("predicted")));

        List<JsonNode> events = List.copyOf(server.events());
        assertThat(events)
                .extracting(event -> event.at("/job/name").asText() + " "
                        + event.path("eventType").asText())
                .containsExactly(
                        "mails.prepare START",
                        "mails.prepare COMPLETE",
                        "mails.train START",
                        "mails.train COMPLETE",
                        "mails.evaluate START",
                        "mails.evaluate COMPLETE",
                        "mails.predict START",
                        "mails.predict COMPLETE");
        assertThat(server.requests()).containsOnly("POST /api/v1/lineage application/json Bearer secret");
        events.forEach(LineageRunTest::requireValid);
        assertThat(events).allSatisfy(event -> {
            assertThat(event.at("/job/namespace").asText()).isEqualTo("mail-team");
            assertThat(event.at("/run/facets/parent/run/runId").asText()).isEqualTo(PARENT);
            assertThat(event.at("/run/facets/parent/root/job/name").asText()).isEqualTo("mails.finetune");
            assertThat(event.at("/run/facets/processing_engine/version").asText())
                    .isEqualTo(spark.version());
        });
        assertThat(events)
                .extracting(event -> event.at("/run/runId").asText())
                .satisfies(ids -> assertThat(new HashSet<>(ids)).hasSize(4))
                .satisfies(ids -> assertThat(ids.get(0)).isEqualTo(ids.get(1)));
        assertThat(events.get(0).at("/job/facets/sourceCode/sourceCode").asText())
                .contains("max_steps: 2");

        requireDatasets(events, mails);
        Path folder = dir.resolve("mails");
        assertThat(events.get(3)
                        .at("/run/facets/sparkFinetune_metrics/metrics/train/steps")
                        .asDouble())
                .isEqualTo(2);
        assertThat(events.get(5).at("/run/facets/sparkFinetune_metrics/metrics/test/accuracy"))
                .isEqualTo(JsonFiles.MAPPER
                        .readTree(Files.readString(folder.resolve("metrics.json")))
                        .at("/test/accuracy"));
        assertThat(new ProcessBuilder("sha256sum", "-c", "model.sha256")
                        .directory(folder.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(dir.resolve("sums.txt").toFile())
                        .start()
                        .waitFor())
                .isZero();
        assertThat(Files.readString(dir.resolve("sums.txt"))).contains("model/model.safetensors: OK");
    }

    private static void requireDatasets(List<JsonNode> events, Path mails) throws Exception {
        JsonNode source = events.get(1).at("/inputs/0");
        assertThat(source.path("namespace").asText()).isEqualTo("file");
        assertThat(source.path("name").asText()).isEqualTo(mails.toString());
        assertThat(source.at("/facets/version/datasetVersion").asText()).hasSize(64);
        assertThat(source.at("/inputFacets/inputStatistics/size").asLong()).isEqualTo(Files.size(mails));

        JsonNode dataset = events.get(1).at("/outputs/0");
        Path folder = dir.resolve("mails");
        assertThat(dataset.path("name").asText())
                .isEqualTo(folder.resolve("dataset").toString());
        assertThat(dataset.at("/facets/version/datasetVersion").asText())
                .isEqualTo(sha256(folder.resolve("dataset/manifest-1.json")));
        assertThat(dataset.at("/outputFacets/outputStatistics/rowCount").asLong())
                .isEqualTo(20);
        assertThat(dataset.at("/facets/schema/fields"))
                .extracting(field ->
                        field.path("name").asText() + " " + field.path("type").asText())
                .containsExactly("input_ids array<int>", "label int");

        assertThat(version(events.get(3).at("/inputs/0"))).isEqualTo(version(dataset));
        assertThat(events.get(3).at("/inputs/1/name").asText())
                .isEqualTo(MODEL.toAbsolutePath().normalize().toString());
        JsonNode model = events.get(3).at("/outputs/0");
        assertThat(model.at("/facets/datasetType/datasetType").asText()).isEqualTo("MODEL");
        assertThat(version(model)).isEqualTo(sha256(folder.resolve("model.sha256")));
        assertThat(model.at("/outputFacets/outputStatistics/size").asLong())
                .isGreaterThan(Files.size(folder.resolve("model/model.safetensors")));
        for (JsonNode used :
                List.of(events.get(5).at("/inputs/1"), events.get(7).at("/inputs/1"))) {
            assertThat(used.path("name")).isEqualTo(model.path("name"));
            assertThat(version(used)).isEqualTo(version(model));
        }
        assertThat(events.get(7).at("/inputs/0/name").asText()).isEqualTo(mails.toString());
        assertThat(events.get(7)
                        .at("/outputs/0/outputFacets/outputStatistics/rowCount")
                        .asLong())
                .isEqualTo(20);
    }

    private static String version(JsonNode dataset) {
        return dataset.at("/facets/version/datasetVersion").asText();
    }

    private static String sha256(Path file) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
    }

    @Test
    void aFailedStepSendsNoMessageThatMayQuoteARow() throws IOException {
        server.events().clear();
        SessionRun run = run(dir.resolve("absent.jsonl"), "failed");

        assertThatThrownBy(() -> run.step("prepare", "{}")).hasMessageContaining("absent.jsonl does not exist");

        List<JsonNode> events = List.copyOf(server.events());
        events.forEach(LineageRunTest::requireValid);
        assertThat(events).extracting(event -> event.path("eventType").asText()).containsExactly("START", "FAIL");
        assertThat(events.get(1).at("/run/facets/errorMessage/message").asText())
                .isEqualTo("the step failed: status.json in the output folder has the message");
    }

    /** Validates an event and its facets, each against the schema that it names. */
    private static void requireValid(JsonNode event) {
        assertThat(errors(event.path("schemaURL").asText(), event))
                .as("%s", event)
                .isEmpty();
        List<JsonNode> facets = new ArrayList<>();
        collect(event, facets);
        assertThat(facets).isNotEmpty();
        for (JsonNode facet : facets) {
            assertThat(errors(facet.path("_schemaURL").asText(), facet))
                    .as("%s", facet)
                    .isEmpty();
        }
    }

    private static void collect(JsonNode node, List<JsonNode> facets) {
        if (node.has("_schemaURL")) {
            facets.add(node);
        }
        node.forEach(inner -> collect(inner, facets));
    }

    private static Set<ValidationMessage> errors(String url, JsonNode value) {
        Matcher own = OWN_SCHEMA.matcher(url);
        String schema = own.matches() ? "classpath:" + own.group(1) + "#/$defs/MetricsRunFacet" : url;
        JsonSchema found = SCHEMAS.getSchema(SchemaLocation.of(schema), STRICT);
        return found.validate(value);
    }
}
