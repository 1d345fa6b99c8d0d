package io.github.sparkfinetune.data.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Fetches models from a server that answers as the Hub does, into the cache where Python finds them. */
class HubTest {
    private static final HubName NAME = HubName.parse("acme/tiny").orElseThrow();
    private static final HubName PINNED =
            HubName.parse("acme/tiny@" + HubServer.COMMIT).orElseThrow();

    @TempDir
    private Path dir;

    private HubServer server;
    private final List<String> reported = new ArrayList<>();

    @BeforeEach
    void start() throws IOException {
        server = new HubServer();
        byte[] weights = new byte[100_000];
        new Random(1).nextBytes(weights);
        server.files.put("config.json", "{\"model_type\": \"bert\"}".getBytes(StandardCharsets.UTF_8));
        server.files.put("model.safetensors", weights);
        server.files.put("tokenizer.json", "{}".getBytes(StandardCharsets.UTF_8));
        server.files.put("pytorch_model.bin", new byte[10]);
        server.files.put("onnx/config.json", new byte[10]);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Hub hub(String token, boolean offline) {
        HubSettings settings = new HubSettings(server.endpoint(), dir.resolve("hub"), token, offline);
        return new Hub(settings, reported::add, Duration.ofSeconds(5), Duration.ofMillis(1));
    }

    @Test
    void storesAModelInTheLayoutOfHuggingFaceHub() throws IOException {
        Path snapshot = hub(null, false).fetch(NAME);

        Path folder = dir.resolve("hub/models--acme--tiny");
        assertThat(snapshot).isEqualTo(folder.resolve("snapshots").resolve(HubServer.COMMIT));
        assertThat(folder.resolve("refs/main")).hasContent(HubServer.COMMIT);
        try (var files = Files.list(snapshot)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("config.json", "model.safetensors", "tokenizer.json");
        }
        byte[] weights = server.files.get("model.safetensors");
        assertThat(Files.readSymbolicLink(snapshot.resolve("model.safetensors")))
                .isEqualTo(Path.of("../../blobs/" + HubServer.sha256(weights)));
        assertThat(Files.readSymbolicLink(snapshot.resolve("config.json")))
                .isEqualTo(Path.of("../../blobs/" + HubServer.gitSha1(server.files.get("config.json"))));
        assertThat(snapshot.resolve("model.safetensors")).hasBinaryContent(weights);
        assertThat(HubName.ofSnapshot(snapshot.toUri().toString())).contains(PINNED);
    }

    @Test
    void fetchesNoCachedFile() {
        hub(null, false).fetch(NAME);
        server.requests.clear();

        hub(null, false).fetch(NAME);

        assertThat(server.requests).containsExactly("GET /api/models/acme/tiny/revision/main");
        server.requests.clear();
        hub(null, false).fetch(PINNED);
        hub(null, true).fetch(NAME);
        assertThat(server.requests).as("a commit never changes").isEmpty();
    }

    @Test
    void resumesABrokenTransfer() throws IOException {
        server.files.put("config.json", "{\"model_type\": \"bert\", \"x\": 1}".getBytes(StandardCharsets.UTF_8));
        // Faults of the configuration, the tokenizer, then the weights twice.
        server.faults.addAll(List.of("503", "429", "none", "none", "cut", "cut"));

        Path snapshot = hub(null, false).fetch(NAME);

        assertThat(snapshot.resolve("model.safetensors")).hasBinaryContent(server.files.get("model.safetensors"));
        assertThat(server.requests)
                .filteredOn(request -> request.startsWith("GET /blob/"))
                .containsExactly(
                        "GET /blob/model.safetensors",
                        "GET /blob/model.safetensors bytes=50000-",
                        "GET /blob/model.safetensors bytes=75000-");
        assertThat(reported).anyMatch(line -> line.contains("broke off"));
    }

    @Test
    void refusesAndDeletesContentWithAWrongHash() {
        server.faults.addAll(List.of("none", "none", "other"));

        assertThatThrownBy(() -> hub(null, false).fetch(NAME))
                .isInstanceOfSatisfying(
                        RunException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.FAILED))
                .hasMessageContaining("model.safetensors of acme/tiny@main")
                .hasMessageContaining("hash differs");

        assertThat(dir.resolve("hub/models--acme--tiny/blobs"))
                .isDirectoryNotContaining(file -> file.getFileName().toString().endsWith(".incomplete"));
        assertThat(hub(null, false).fetch(NAME).resolve("model.safetensors"))
                .hasBinaryContent(server.files.get("model.safetensors"));
    }

    @Test
    void sendsTheTokenToTheHubOnly() {
        server.isPrivate = true;

        hub(HubServer.TOKEN, false).fetch(NAME);

        assertThat(server.requests)
                .filteredOn(request -> !request.contains("/blob/"))
                .allMatch(r -> r.endsWith(" token"));
        assertThat(server.requests).contains("GET /blob/model.safetensors");
    }

    @Test
    void reportsARefusalInOneLine() {
        server.isPrivate = true;
        assertRefused(NAME, ExitCode.CONFIG, "no such model, or not for everybody (401)", "set HF_TOKEN");
        server.isPrivate = false;
        assertRefused(HubName.parse("acme/tiny@v9").orElseThrow(), ExitCode.CONFIG, "no such revision");
        assertRefused(HubName.parse("acme/other").orElseThrow(), ExitCode.CONFIG, "no such model");
        server.files.remove("model.safetensors");
        assertRefused(NAME, ExitCode.DATA, "has no model.safetensors", "save_pretrained");
        server.files.remove("config.json");
        assertRefused(NAME, ExitCode.DATA, "has no config.json");
    }

    @Test
    void refusesAnIndexThatNamesAFileOutside() {
        server.files.put(
                "model.safetensors.index.json",
                "{\"weight_map\": {\"a\": \"../../x.safetensors\"}}".getBytes(StandardCharsets.UTF_8));

        assertRefused(NAME, ExitCode.DATA, "no file of safetensors beside it");
    }

    @Test
    void refusesARevisionThatLeavesTheCache() {
        assertThat(Stream.of("/etc/passwd", "a//b", "a/", "/", ".", "a/./b", "a/.b", "-"))
                .filteredOn(revision -> HubName.parse("acme/tiny@" + revision).isPresent())
                .containsExactly("-");
        assertThat(HubName.parse("acme/tiny@refs/pr/7")).map(HubName::revision).contains("refs/pr/7");
    }

    @Test
    void refusesAHugeConfigurationFile() {
        server.files.put("config.json", new byte[(64 << 20) + 1]);

        assertRefused(NAME, ExitCode.DATA, "config.json of acme/tiny@main has 67,108,865 bytes, more than the");
        assertThat(server.requests).noneMatch(request -> request.startsWith("GET /acme/tiny/resolve/"));
    }

    @Test
    void warnsOfATokenSentUnencrypted() {
        assertThat(warning("http://hub.acme:8080", "t"))
                .hasValueSatisfying(line -> assertThat(line)
                        .isEqualTo(
                                "http://hub.acme:8080 is not encrypted: anyone on the network path can read the token or"
                                        + " password; use https"));
        assertThat(warning("http://hub.acme:8080", null)).isEmpty();
        assertThat(warning("https://hub.acme", "t")).isEmpty();
        assertThat(warning("http://127.0.0.1:80", "t")).isEmpty();
        assertThat(warning("http://[::1]:80", "t")).isEmpty();
    }

    private Optional<String> warning(String endpoint, String token) {
        HubSettings settings = new HubSettings(URI.create(endpoint), dir, token, false);
        return new HubHttp(settings, Duration.ofSeconds(1), Duration.ofMillis(1)).warning();
    }

    @Test
    void fetchesTheShardsOfAnIndex() {
        server.files.put("a.safetensors", new byte[] {1});
        server.files.put(
                "model.safetensors.index.json",
                "{\"weight_map\": {\"a\": \"a.safetensors\"}}".getBytes(StandardCharsets.UTF_8));

        Path snapshot = hub(null, false).fetch(NAME);

        assertThat(snapshot.resolve("a.safetensors")).exists();
        assertThat(snapshot.resolve("model.safetensors")).doesNotExist();
    }

    @Test
    void usesOnlyTheCacheWhenOffline() {
        assertThatThrownBy(() -> hub(null, true).fetch(NAME))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("HF_HUB_OFFLINE is set")
                .hasMessageContaining("acme/tiny@main");
        assertThat(server.requests).isEmpty();
    }

    @Test
    void reportsASilentHubAsRetryable() {
        server.close();

        assertRefused(NAME, ExitCode.FAILED, "does not answer", "HF_ENDPOINT");
    }

    private void assertRefused(HubName name, ExitCode code, String... parts) {
        assertThatThrownBy(() -> hub(null, false).fetch(name))
                .isInstanceOfSatisfying(
                        RunException.class,
                        e -> assertThat(e.exitCode()).as(e.getMessage()).isEqualTo(code))
                .hasMessageContainingAll(parts)
                .hasMessageNotContaining("\n");
    }
}
