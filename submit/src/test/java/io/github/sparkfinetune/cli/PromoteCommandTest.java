package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * A file names the model in use; only a better model replaces the model in use, and rollback restores the previous one.
 */
class PromoteCommandTest extends CommandLineOverFakeJobs {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Path pointer() {
        return dir.resolve("production/mails.json");
    }

    private JsonNode promoted() throws IOException {
        return JSON.readTree(pointer().toFile());
    }

    private void measured(String run, String metrics) throws IOException {
        Path folder = Files.createDirectories(dir.resolve(run));
        Files.writeString(folder.resolve("metrics.json"), "{\"train\": {}, \"test\": {" + metrics + "}}");
    }

    private int promote(String run, String... more) {
        List<String> args = List.of(
                "promote",
                "--config",
                recipe(),
                "--set",
                "output.dir=" + dir.resolve(run),
                "--pointer",
                pointer().toString(),
                "--run-id",
                "id of " + run);
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        return finetune(Stream.concat(args.stream(), Stream.of(more)).toArray(String[]::new));
    }

    private int rollBack(String... more) {
        List<String> args = List.of("rollback", "--pointer", pointer().toString());
        return finetune(Stream.concat(args.stream(), Stream.of(more)).toArray(String[]::new));
    }

    @Test
    void promotesTheFirstModelThenBetterModels() throws IOException {
        measured("one", "\"loss\": 0.5, \"accuracy\": 0.8");
        assertThat(promote("one")).isZero();
        assertThat(promoted().at("/promoted/model").asText()).isEqualTo("file:" + dir.resolve("one/model"));
        assertThat(promoted().at("/promoted/run").asText()).isEqualTo("file:" + dir.resolve("one"));
        assertThat(promoted().at("/promoted/metric").asText()).isEqualTo("loss");
        assertThat(promoted().at("/promoted/value").asDouble()).isEqualTo(0.5);
        assertThat(promoted().at("/promoted/run_id").asText()).isEqualTo("id of one");
        assertThat(promoted().at("/promoted/time").asText()).endsWith("Z");
        assertThat(promoted().at("/previous")).isEmpty();

        measured("worse", "\"loss\": 0.6, \"accuracy\": 0.9");
        String before = Files.readString(pointer());
        assertThat(promote("worse")).isZero();
        assertThat(out.toString()).startsWith("kept      file:").contains("loss 0.6", " is 0.5");
        assertThat(Files.readString(pointer())).isEqualTo(before);

        measured("equal", "\"loss\": 0.5");
        promote("equal");
        assertThat(Files.readString(pointer())).isEqualTo(before);

        measured("better", "\"loss\": 0.4");
        assertThat(promote("better")).isZero();
        assertThat(promoted().at("/promoted/model").asText()).endsWith("better/model");
        assertThat(promoted().at("/previous/0/model").asText()).endsWith("one/model");
    }

    @Test
    void promotesTheGreaterAccuracy() throws IOException {
        measured("one", "\"accuracy\": 0.8");
        measured("two", "\"accuracy\": 0.9");

        assertThat(promote("one", "--metric", "accuracy")).isZero();
        assertThat(promote("two", "--metric", "accuracy")).isZero();

        assertThat(promoted().at("/promoted/value").asDouble()).isEqualTo(0.9);
    }

    @Test
    void promotingTheSameModelAgainChangesNothing() throws IOException {
        measured("one", "\"loss\": 0.5");
        promote("one");
        String before = Files.readString(pointer());

        assertThat(promote("one")).isZero();

        assertThat(out.toString()).contains("already");
        assertThat(Files.readString(pointer())).isEqualTo(before);
        try (Stream<Path> files = Files.list(pointer().getParent())) {
            assertThat(files).as("nothing is left over").containsExactly(pointer());
        }
    }

    @Test
    void rollbackGoesBackOncePerName() throws IOException {
        for (String run : List.of("0.5", "0.4", "0.3")) {
            measured(run, "\"loss\": " + run);
            assertThat(promote(run)).isZero();
        }

        assertThat(rollBack("--run-id", "first")).isZero();
        assertThat(promoted().at("/promoted/value").asDouble()).isEqualTo(0.4);
        assertThat(rollBack("--run-id", "first")).as("a retry").isZero();
        assertThat(promoted().at("/promoted/value").asDouble()).isEqualTo(0.4);
        assertThat(rollBack()).isZero();
        assertThat(promoted().at("/promoted/value").asDouble()).isEqualTo(0.5);

        assertThat(rollBack()).isEqualTo(3);
        assertThat(err.toString()).contains("no model was promoted before file:");
        assertThat(promoted().at("/promoted/value").asDouble()).isEqualTo(0.5);
    }

    @Test
    void rejectsModelsThatCannotBeCompared() throws IOException {
        assertThat(rollBack()).isEqualTo(3);
        assertThat(err.toString()).contains("there is no promoted model");

        assertThat(promote("nothing")).isEqualTo(3);
        assertThat(err.toString())
                .contains("/nothing/metrics.json: the held-out text has no loss", "finetune evaluate");

        measured("one", "\"loss\": 0.5, \"accuracy\": 0.8");
        assertThat(promote("one", "--metric", "f2")).isEqualTo(2);
        assertThat(err.toString()).contains("--metric: f2 is not measured, there are [loss, accuracy");
        assertThat(promote("one")).isZero();
        assertThat(promote("one", "--metric", "accuracy")).isEqualTo(2);
        assertThat(err.toString()).contains("was promoted by loss: add --metric loss");

        Files.writeString(pointer(), "{\"model\": \"mine\"}");
        assertThat(promote("one")).isEqualTo(3);
        assertThat(err.toString()).contains("is not a file that finetune promote has written");
        assertThat(Files.readString(pointer())).isEqualTo("{\"model\": \"mine\"}");
    }

    @Test
    void writesTheStatusToTheFolder() throws IOException {
        promote("nothing");
        assertThat(JSON.readTree(dir.resolve("nothing/status.json").toFile())
                        .at("/exit_code")
                        .asInt())
                .isEqualTo(3);

        measured("one", "\"loss\": 0.5");
        promote("one");
        JsonNode status = JSON.readTree(dir.resolve("one/status.json").toFile());
        assertThat(status.at("/exit_code").asInt()).isZero();
        assertThat(status.at("/command").asText()).isEqualTo("promote");
    }

    @Test
    void writesTheStatusOfAnUnreadableConfigurationToTheFolderThatSetNames() throws IOException {
        assertThat(finetune("train", "--config", "none.yaml", "--set", "output.dir=" + dir.resolve("run")))
                .isEqualTo(2);

        JsonNode status = JSON.readTree(dir.resolve("run/status.json").toFile());
        assertThat(status.at("/exit_code").asInt()).isEqualTo(2);
        assertThat(status.at("/message").asText()).contains("none.yaml");
        assertThat(calls).isEmpty();
    }
}
