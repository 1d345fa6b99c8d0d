package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Promote and rollback move an alias of MLflow's registry. */
class RegistryAliasTest extends CommandLineOverFakeJobs {
    private HttpServer server;
    private String uri;
    private final List<String> aliases = Collections.synchronizedList(new ArrayList<>());
    private volatile boolean refuses;

    @BeforeEach
    void serve() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/api/2.0/mlflow/registered-models/alias", exchange -> {
            try (exchange) {
                var request =
                        JsonFiles.MAPPER.readTree(exchange.getRequestBody().readAllBytes());
                String answer =
                        refuses ? "{\"error_code\": \"PERMISSION_DENIED\", \"message\": \"Permission denied\"}" : "{}";
                if (!refuses) {
                    aliases.add(request.path("name").asText() + "@"
                            + request.path("alias").asText() + "="
                            + request.path("version").asText());
                }
                byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
                exchange.sendResponseHeaders(refuses ? 400 : 200, bytes.length);
                exchange.getResponseBody().write(bytes);
            }
        });
        server.start();
        uri = "http://127.0.0.1:" + server.getAddress().getPort();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private void measured(String run, double loss, String version) throws IOException {
        Path folder = Files.createDirectories(dir.resolve(run));
        Files.writeString(folder.resolve("metrics.json"), "{\"train\": {}, \"test\": {\"loss\": " + loss + "}}");
        Files.writeString(
                folder.resolve("mlflow.json"),
                "{\"tracking_uri\": \"" + uri + "\", \"run_id\": \"1\""
                        + (version == null
                                ? ""
                                : ", \"registered_model_name\": \"mails\", \"model_version\": \"" + version + "\"")
                        + "}");
    }

    private int promote(String run, String... more) {
        List<String> args = new ArrayList<>(List.of(
                "promote",
                "--config",
                recipe(),
                "--set",
                "output.dir=" + dir.resolve(run),
                "--pointer",
                pointer().toString()));
        args.addAll(List.of(more));
        return finetune(args.toArray(String[]::new));
    }

    private Path pointer() {
        return dir.resolve("in-use.json");
    }

    private String model() throws IOException {
        return JsonFiles.MAPPER
                .readTree(Files.readString(pointer()))
                .at("/promoted/model")
                .asText();
    }

    @Test
    void theAliasFollowsTheFile() throws IOException {
        measured("one", 0.5, "3");
        measured("two", 0.4, "5");
        measured("worse", 0.6, "6");

        assertThat(promote("one")).isZero();
        assertThat(promote("two", "--alias", "prod")).isZero();
        assertThat(promote("worse")).isZero();
        assertThat(finetune("rollback", "--pointer", pointer().toString())).isZero();

        assertThat(aliases).containsExactly("mails@champion=3", "mails@prod=5", "mails@champion=3");
        assertThat(out.toString()).contains("mlflow    alias prod of mails at version 5");
    }

    @Test
    void anErrorSaysWhatWasDoneAndTheSameCommandCompletesIt() throws IOException {
        measured("one", 0.5, "3");
        measured("two", 0.4, "5");
        assertThat(promote("one")).isZero();
        refuses = true;

        assertThat(promote("two")).isEqualTo(4);
        assertThat(err.toString())
                .isEqualToNormalizingNewlines("error: " + pointer() + " names file:" + dir.resolve("two/model")
                        + ", but the alias champion of mails at version 5 was not set (MLflow: " + uri
                        + " refuses: Permission denied): fix that, then start the same command again\n");
        assertThat(model()).endsWith("two/model");

        err.getBuffer().setLength(0);
        assertThat(finetune("rollback", "--pointer", pointer().toString(), "--run-id", "undo"))
                .isEqualTo(4);
        assertThat(err.toString()).contains("then start finetune rollback --pointer " + pointer() + " --run-id 'undo'");
        assertThat(model()).endsWith("one/model");
        refuses = false;
        assertThat(finetune("rollback", "--pointer", pointer().toString(), "--run-id", "undo"))
                .isZero();
        assertThat(promote("one")).isZero();

        assertThat(model()).endsWith("one/model");
        assertThat(aliases).containsExactly("mails@champion=3", "mails@champion=3", "mails@champion=3");
    }

    @Test
    void aModelWithoutAVersionLeavesTheAlias() throws IOException {
        measured("one", 0.5, null);
        measured("two", 0.4, "5");
        assertThat(promote("one")).isZero();
        assertThat(promote("two")).isZero();
        assertThat(finetune("rollback", "--pointer", pointer().toString())).isZero();

        assertThat(aliases).containsExactly("mails@champion=5");
        assertThat(out.toString()).contains("warning   MLflow's alias was not moved: file:" + dir.resolve("one/model"));
    }
}
