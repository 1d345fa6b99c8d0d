package io.github.sparkfinetune.data.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The environment variables have the meaning of {@code huggingface_hub}; names and paths are distinguished. */
class HubSettingsTest {
    @TempDir
    private Path dir;

    @Test
    void readsTheVariablesOfHuggingFaceHub() throws IOException {
        Files.writeString(dir.resolve("token"), "hf_kept\n");

        HubSettings kept = HubSettings.of(Map.of("HF_HOME", dir.toString(), "HF_HUB_OFFLINE", "yes"));

        assertThat(kept.cache()).isEqualTo(dir.resolve("hub"));
        assertThat(kept.token()).isEqualTo("hf_kept");
        assertThat(kept.offline()).isTrue();
        assertThat(kept.endpoint()).isEqualTo(URI.create("https://huggingface.co"));
        assertThat(kept.toString()).doesNotContain("hf_kept");
        HubSettings given = HubSettings.of(Map.of(
                "HF_HOME", dir.toString(),
                "HF_HUB_CACHE", "/cache",
                "HF_TOKEN", "hf_given",
                "HF_ENDPOINT", "https://mirror.example/hf/"));
        assertThat(given.cache()).isEqualTo(Path.of("/cache"));
        assertThat(given.token()).isEqualTo("hf_given");
        assertThat(given.offline()).isFalse();
        assertThat(given.endpoint()).isEqualTo(URI.create("https://mirror.example/hf"));
    }

    @Test
    void namesABadVariable() {
        String home = dir.toString();
        assertThatThrownBy(() -> HubSettings.of(Map.of("HF_HOME", home, "HF_ENDPOINT", "mirror")))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("HF_ENDPOINT is 'mirror'");
        assertThatThrownBy(() -> HubSettings.of(Map.of("HF_HOME", home, "HF_TOKEN", "two words")))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("HF_TOKEN")
                .hasMessageNotContaining("two words");
    }

    @Test
    void parsesNamesWithARevision() {
        assertThat(HubName.parse("HuggingFaceTB/SmolLM2-135M"))
                .contains(new HubName("HuggingFaceTB/SmolLM2-135M", "main"));
        assertThat(HubName.parse("a/b.c@refs/pr/1")).contains(new HubName("a/b.c", "refs/pr/1"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"bert", "/models/bert", "a/b/c", "hdfs://a/b", "../b", "a/..", "a/b--c", "a/b ", "a/b@", "s3a:/b"
            })
    void refusesOtherTextsAsNames(String text) {
        assertThat(HubName.parse(text)).isEmpty();
    }
}
