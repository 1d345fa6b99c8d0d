package io.github.sparkfinetune.core.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.GoldenFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.MethodSource;

/** A stranger's adapter configuration is either valid settings or refused in one line. */
class AdapterConfigFuzzTest {
    private static final List<LinearModule> MODULES = List.of(
            new LinearModule("model.layers.0.self_attn.q_proj", 8, 4, false, 0, false),
            new LinearModule("model.layers.1.mlp.down_proj", 8, 4, false, 1, false),
            new LinearModule("lm_head", 8, 16, false, -1, true));

    @TempDir
    private static Path folder;

    static List<byte[]> configs() throws IOException {
        List<byte[]> configs = new ArrayList<>();
        for (Path adapter : GoldenFiles.folders("peft")) {
            configs.add(Files.readAllBytes(adapter.resolve(AdapterConfig.FILE)));
        }
        configs.add(config("\"(a*)*b\"", "{}"));
        configs.add(config("\"" + "(".repeat(3000) + ")".repeat(3000) + "\"", "{}"));
        configs.add(config("[\"q_proj\"]", "{\"(.*.*.*)*x\": 2, \"a\\nb(\": 3}"));
        return configs;
    }

    private static byte[] config(String targets, String ranks) {
        return ("{\"peft_type\": \"LORA\", \"r\": 2, \"target_modules\": " + targets + ", \"rank_pattern\": " + ranks
                        + "}")
                .getBytes(StandardCharsets.UTF_8);
    }

    @MethodSource("configs")
    @FuzzTest(maxDuration = "")
    void readsSettingsOrRefusesInOneLine(byte[] json) throws IOException {
        Files.write(folder.resolve(AdapterConfig.FILE), json);
        try {
            assertThat(LoraTargets.match(AdapterConfig.read(folder), MODULES))
                    .allMatch(module -> module.r() > 0 && module.scaling() > 0);
        } catch (RunException e) {
            assertThat(e.getMessage()).doesNotContain("\n");
        }
    }
}
