package io.github.sparkfinetune.core.model.weight;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LmHeadWeightsTest {
    /** The models are stored in F32: one ties lm_head to the embedding table, the other has a separate lm_head. */
    @ParameterizedTest
    @CsvSource({
        "llama-tied, BF16, false, true",
        "llama-untied, BF16, false, true",
        "llama-tied, BF16, true, false",
        "llama-untied, BF16, true, false",
        "llama-tied, PYTORCH, false, false"
    })
    void roundsAFrozenLmHeadOnceForBf16(String name, MatmulBackend matmul, boolean trained, boolean rounded) {
        Path folder = GoldenFiles.root().resolve("models").resolve(name);
        Adaptation adaptation = Adaptation.of(trained ? Trainable.all() : Trainable.none());
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1);
                SafetensorsModel source = SafetensorsModel.open(folder)) {
            Decoder model = Decoder.load(manager, matmul, HfConfig.read(folder), source, adaptation, 1);
            NDArray weight = model.lmHeadWeight();
            // DJL has no name for PyTorch's BF16.
            assertThat(weight.getDataType() != DataType.FLOAT32).isEqualTo(rounded);
            assertThat(model.lmHeadWeight()).isSameAs(weight);
            NDArray own = LmHead.weights(model.lmHead(), model.table()).get(LmHead.WEIGHT);
            assertThat(own.getDataType()).isEqualTo(DataType.FLOAT32);
            assertThat(own == weight).isEqualTo(!rounded);
        }
    }
}
