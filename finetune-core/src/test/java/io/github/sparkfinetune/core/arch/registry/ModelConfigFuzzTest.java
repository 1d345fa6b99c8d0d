package io.github.sparkfinetune.core.arch.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.DecoderArchitecture;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.MethodSource;

/** A stranger's {@code config.json} is either a model with weights or refused in one line. */
class ModelConfigFuzzTest {
    @TempDir
    private static Path folder;

    static List<byte[]> configs() throws IOException {
        List<byte[]> configs = new ArrayList<>();
        for (Path model : GoldenFiles.folders("models")) {
            configs.add(Files.readAllBytes(model.resolve(HfConfig.FILE)));
        }
        return configs;
    }

    @MethodSource("configs")
    @FuzzTest(maxDuration = "")
    void isAModelOrOneLine(byte[] json) throws IOException {
        Path file = Files.write(folder.resolve(HfConfig.FILE), json);
        try {
            HfConfig config = HfConfig.read(folder);
            assertThat(config.labels()).doesNotContainNull();
            Architecture architecture = Architectures.of(config);
            architecture.requireSupported();
            HeadKind head =
                    architecture instanceof DecoderArchitecture ? HeadKind.CAUSAL_LM : HeadKind.SEQUENCE_CLASSIFICATION;
            assertThat(architecture.blocks(head, config.numLabels())).isNotEmpty();
            assertThat(architecture.shape().maxLength()).isPositive();
            assertThat(architecture.table().shape()).hasSize(2);
        } catch (RunException e) {
            assertThat(e.getMessage()).startsWith(file.toString()).doesNotContain("\n");
        }
    }
}
