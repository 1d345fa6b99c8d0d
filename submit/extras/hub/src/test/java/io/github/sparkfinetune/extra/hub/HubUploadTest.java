package io.github.sparkfinetune.extra.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.hub.HubName;
import io.github.sparkfinetune.data.hub.HubServer;
import io.github.sparkfinetune.data.hub.HubSettings;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Uploads a model folder as one commit to a server that answers as the Hub does. */
class HubUploadTest {
    private static final HubName NAME = HubName.parse("acme/tiny").orElseThrow();

    private final byte[] weights = new byte[100_000];
    private final byte[] config = "{\"model_type\": \"bert\"}".getBytes(StandardCharsets.UTF_8);
    private final List<String> reported = new ArrayList<>();
    private HubServer server;

    @BeforeEach
    void start() throws IOException {
        server = new HubServer();
        new Random(1).nextBytes(weights);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private record Bytes(String name, byte[] content) implements HubUpload.Source {
        @Override
        public long size() {
            return content.length;
        }

        @Override
        public InputStream open(long from) {
            return new ByteArrayInputStream(content, (int) from, content.length - (int) from);
        }
    }

    private String push(String token, boolean offline) {
        HubSettings settings = new HubSettings(server.endpoint(), Path.of("none"), token, offline);
        return new HubUpload(settings, reported::add, Duration.ofSeconds(5), Duration.ofMillis(1))
                .push(
                        NAME,
                        true,
                        "Fine-tuned",
                        List.of(new Bytes("config.json", config), new Bytes("model.safetensors", weights)));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 30_000})
    void sendsLargeFilesToTheStoreAndSmallFilesWithTheCommit(int chunk) {
        server.isPrivate = true;
        server.chunk = chunk;

        assertThat(push(HubServer.TOKEN, false)).isEqualTo(HubServer.COMMIT);

        String hash = HubServer.sha256(weights);
        assertThat(server.uploads).containsOnlyKeys(hash);
        assertThat(server.uploads.get(hash)).isEqualTo(weights);
        assertThat(server.commits)
                .extracting(line -> line.path("key").asText())
                .containsExactly("header", "file", "lfsFile");
        assertThat(HubServer.committed(server.commits.get(1))).isEqualTo(config);
        JsonNode stored = server.commits.get(2).path("value");
        assertThat(stored.path("oid").asText()).isEqualTo(hash);
        assertThat(stored.path("size").asInt()).isEqualTo(weights.length);
        assertThat(server.requests)
                .filteredOn(request -> request.startsWith("PUT"))
                .hasSize(chunk == 0 ? 1 : 4)
                .as("the store is another host")
                .noneMatch(request -> request.endsWith("token"));
    }

    @Test
    void sendsNoFileThatTheHubHas() {
        push(HubServer.TOKEN, false);
        server.files.put("config.json", config);
        server.requests.clear();

        push(HubServer.TOKEN, false);

        assertThat(server.requests).noneMatch(request -> request.startsWith("PUT"));
        assertThat(reported).anyMatch(line -> line.contains("has it already"));
    }

    @Test
    void sendsNothingWithoutATokenOrOffline() {
        assertThatThrownBy(() -> push(null, false))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("set HF_TOKEN")
                .hasMessageContaining("acme/tiny");
        assertThatThrownBy(() -> push(HubServer.TOKEN, true))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("HF_HUB_OFFLINE");
        assertThat(server.requests).isEmpty();
    }

    @Test
    void reportsARefusedToken() {
        server.isPrivate = true;

        assertThatThrownBy(() -> push("hf_other", false))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("(401)")
                .hasMessageNotContaining("hf_other");
    }
}
