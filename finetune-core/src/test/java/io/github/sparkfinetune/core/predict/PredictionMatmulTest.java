package io.github.sparkfinetune.core.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.PredictConfig.PredictPrecision;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.PrecisionChoice;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.Processor;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Choice of the precision of predictions. */
class PredictionMatmulTest {
    private static final Processor ABLE = new Processor("AuthenticAMD", Set.of("avx512_bf16"));
    private static final Processor UNABLE = new Processor("AuthenticAMD", Set.of("avx2"));

    @Test
    void takesThePrecisionOfTrainingWhereTheProcessorHasIt() {
        assertThat(auto(Optional.of(true), ABLE)).isEqualTo(MatmulBackend.BF16);
        assertThat(auto(Optional.of(true), UNABLE)).isEqualTo(MatmulBackend.f32());
        assertThat(auto(Optional.of(false), ABLE)).isEqualTo(MatmulBackend.f32());
    }

    @Test
    void computesInF32WhereTheFolderNamesNoPrecision() {
        assertThat(auto(Optional.empty(), ABLE)).isEqualTo(MatmulBackend.f32());
        assertThat(of(PredictPrecision.AUTO, PrecisionChoice.BF16, Optional.empty(), ABLE))
                .isEqualTo(MatmulBackend.BF16);
    }

    @Test
    void takesTheConfiguredPrecision() {
        assertThat(of(PredictPrecision.FP32, PrecisionChoice.BF16, Optional.of(true), ABLE))
                .isEqualTo(MatmulBackend.f32());
        assertThat(of(PredictPrecision.BF16, PrecisionChoice.FP32, Optional.of(false), UNABLE))
                .isEqualTo(MatmulBackend.BF16);
    }

    @Test
    void computesTheRestOfInt8InBf16WhereTheProcessorHasIt() {
        assertThat(of(PredictPrecision.INT8, PrecisionChoice.AUTO, Optional.of(false), ABLE))
                .isEqualTo(MatmulBackend.INT8_AND_BF16);
        assertThat(of(PredictPrecision.INT8, PrecisionChoice.AUTO, Optional.of(true), UNABLE))
                .isEqualTo(MatmulBackend.INT8);
    }

    @Test
    void quantizesOnlyTheWeightsOfALanguageModel() {
        for (Processor processor : List.of(ABLE, UNABLE)) {
            boolean bf16 = processor.hasBf16();
            assertThat(of("sft", PredictPrecision.INT8, PrecisionChoice.AUTO, Optional.of(true), processor))
                    .isEqualTo(bf16 ? MatmulBackend.INT8_WEIGHTS_AND_BF16 : MatmulBackend.INT8_WEIGHTS);
            assertThat(of("sft", PredictPrecision.INT4, PrecisionChoice.AUTO, Optional.of(true), processor))
                    .isEqualTo(bf16 ? MatmulBackend.INT4_WEIGHTS_AND_BF16 : MatmulBackend.INT4_WEIGHTS);
        }
    }

    @Test
    void refusesInt4ForEncoders() {
        assertThatThrownBy(() -> of(PredictPrecision.INT4, PrecisionChoice.AUTO, Optional.of(true), ABLE))
                .isInstanceOf(RunException.class)
                .hasMessage("predict.precision: int4 is for language models: choose int8 or auto");
    }

    @Test
    void refusesInt8ForWeightsIn4Bits() {
        RunConfig config = RunConfigLoader.parse(
                "{model: m, task: sft, data: {train: d}, output: {dir: o}, method: {type: qlora}}",
                "run.yaml",
                List.of("predict.precision=int8"));
        try (NDManager manager = Torch.manager(-1)) {
            Device device = Device.of(manager);
            assertThatThrownBy(() -> PredictionMatmul.of(config, Optional.empty(), device))
                    .isInstanceOf(RunException.class)
                    .hasMessage(
                            "predict.precision: int8 cannot be used with method.type qlora, whose weights have 4 bits:"
                                    + " choose auto, or merge the adapter with finetune merge");
        }
    }

    @Test
    void packsTheWeights() {
        String yaml = "{model: m, task: TASK, data: {train: d}, output: {dir: o}, precision: bf16}";
        try (NDManager manager = Torch.manager(-1)) {
            Device device = Device.of(manager);
            for (String task : List.of("classification", "sft")) {
                String run = yaml.replace("TASK", task);
                RunConfig config = RunConfigLoader.parse(run, "run.yaml", List.of());
                assertThat(PredictionMatmul.of(config, Optional.empty(), device))
                        .isEqualTo(MatmulBackend.PACKED_BF16);
                RunConfig chosen = RunConfigLoader.parse(run, "run.yaml", List.of("predict.precision=bf16"));
                assertThat(PredictionMatmul.of(chosen, Optional.empty(), device))
                        .isEqualTo(MatmulBackend.WIDENED_BF16);
            }
        }
    }

    @Test
    void measuresNothingWhereEqualProcessorsMustAgree() {
        HfConfig unknown = HfConfig.read(Path.of("src/test/resources/golden/models/bert-tokencls"));
        try (NDManager manager = Torch.manager(-1)) {
            Device device = Device.of(manager);
            HfConfig trained = unknown.with("compute_dtype", "bfloat16");
            assertThat(PredictionMatmul.unmeasured(unknown, device, ABLE)).isEqualTo(MatmulBackend.f32());
            assertThat(PredictionMatmul.unmeasured(trained, device, ABLE)).isEqualTo(MatmulBackend.PACKED_BF16);
            assertThat(PredictionMatmul.unmeasured(trained, device, UNABLE)).isEqualTo(MatmulBackend.f32());
        }
    }

    private static MatmulBackend auto(Optional<Boolean> trainedInBf16, Processor processor) {
        return of(PredictPrecision.AUTO, PrecisionChoice.AUTO, trainedInBf16, processor);
    }

    private static MatmulBackend of(
            PredictPrecision chosen, PrecisionChoice trained, Optional<Boolean> trainedInBf16, Processor processor) {
        return of("classification", chosen, trained, trainedInBf16, processor);
    }

    private static MatmulBackend of(
            String task,
            PredictPrecision chosen,
            PrecisionChoice trained,
            Optional<Boolean> trainedInBf16,
            Processor processor) {
        try (NDManager manager = Torch.manager(-1)) {
            return PredictionMatmul.of(
                    chosen, trained, task.equals("sft"), trainedInBf16, Device.of(manager), processor);
        }
    }
}
