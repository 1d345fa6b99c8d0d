package io.github.sparkfinetune.core.memory;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FootprintTest {
    @ParameterizedTest
    @ValueSource(strings = {"llama-tied", "llama-untied", "qwen2", "mistral", "gpt2"})
    void countsTheLoadedParameters(String name) {
        Path folder = GoldenFiles.root().resolve("models").resolve(name);
        HfConfig config = HfConfig.read(folder);
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1);
                SafetensorsModel source = SafetensorsModel.open(folder)) {
            Adaptation adaptation = Adaptation.of(
                    MethodConfig.lora(4, 8, null),
                    config,
                    HeadKind.CAUSAL_LM,
                    source,
                    "CAUSAL_LM",
                    name,
                    Optional.empty(),
                    1);
            Decoder model = Decoder.load(manager, MatmulBackend.f32(), config, source, adaptation, 1);

            Footprint footprint =
                    Footprint.of(Architectures.decoder(config), source, HeadKind.CAUSAL_LM, 0, adaptation);

            assertThat(footprint.parameters().all())
                    .isEqualTo(model.parameters().stream()
                            .mapToLong(Parameter::size)
                            .sum());
            assertThat(footprint.parameters().trained())
                    .isEqualTo(model.parameters().stream()
                            .filter(Parameter::trainable)
                            .mapToLong(Parameter::size)
                            .sum());
        }
    }
}
