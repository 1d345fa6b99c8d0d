package io.github.sparkfinetune.extra.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PushJobTest {
    @TempDir
    private Path folder;

    private Map<String, String> pushed() throws IOException {
        Map<String, String> contents = new TreeMap<>();
        for (HubUpload.Source source : PushJob.sources(
                FileSystem.getLocal(new Configuration()), new org.apache.hadoop.fs.Path(folder.toUri()))) {
            try (InputStream in = source.open(0)) {
                byte[] content = in.readAllBytes();
                assertThat(source.size()).isEqualTo(content.length);
                contents.put(source.name(), new String(content, StandardCharsets.UTF_8));
            }
        }
        return contents;
    }

    private void adapter(String base) throws IOException {
        Files.writeString(
                folder.resolve("adapter_config.json"), "{\"r\": 8, \"base_model_name_or_path\": \"" + base + "\"}");
    }

    @Test
    void pushesAnAdapterWithoutTheAddressOfItsBase() throws IOException {
        adapter("hdfs://namenode.acme:8020/user/jane/llama-8b");
        Files.writeString(folder.resolve("adapter_model.safetensors"), "weights");
        Files.writeString(folder.resolve(".hidden"), "x");

        Map<String, String> pushed = pushed();

        assertThat(pushed).containsOnlyKeys("adapter_config.json", "adapter_model.safetensors");
        assertThat(pushed.get("adapter_model.safetensors")).isEqualTo("weights");
        assertThat(pushed.get("adapter_config.json"))
                .contains("\"llama-8b\"", "\"r\": 8")
                .doesNotContain("acme", "jane");
    }

    @Test
    void refusesALinkThatLeavesTheModel(@TempDir Path elsewhere) throws IOException {
        Path secret = Files.writeString(elsewhere.resolve("token"), "hf_secret");
        Files.createDirectories(folder.resolve("1_Pooling"));
        for (String name : List.of("chat_template.jinja", "1_Pooling/config.json")) {
            Path link = Files.createSymbolicLink(folder.resolve(name), secret);
            assertThatThrownBy(this::pushed)
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining(link + " is a link to " + secret.toRealPath());
            Files.delete(link);
        }
    }

    @Test
    void keepsTheNameOfABaseOnTheHub() throws IOException {
        adapter("HuggingFaceTB/SmolLM2-135M");

        assertThat(pushed().get("adapter_config.json")).contains("\"HuggingFaceTB/SmolLM2-135M\"");
    }
}
