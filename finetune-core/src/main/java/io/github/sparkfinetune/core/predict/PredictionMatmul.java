package io.github.sparkfinetune.core.predict;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.PredictConfig.PredictPrecision;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.Compute;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.Processor;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Optional;

/** Choice of the matrix products that a trained model predicts with. */
final class PredictionMatmul {
    private PredictionMatmul() {}

    /**
     * Returns the backend of a run's {@code predict.precision}.
     *
     * @param model configuration in the folder of the trained model, or empty without a trained model
     */
    static MatmulBackend of(RunConfig config, Optional<HfConfig> model, Device device) {
        if (config.compute().predict().precision() == PredictPrecision.INT8
                && config.method().type() == MethodConfig.Type.QLORA) {
            throw RunException.config(
                    "predict.precision: int8 cannot be used with method.type qlora, whose weights have"
                            + " 4 bits: choose auto, or merge the adapter with finetune merge");
        }
        MatmulBackend matmul = of(config.compute(), model.flatMap(HfConfig::trainedInBf16), device, Processor.here());
        // The weights of a language model are larger, and stay in the mapped file that all processes share.
        boolean isDecoder = TaskSpecs.of(config).modelKind().head() == HeadKind.CAUSAL_LM;
        return isDecoder ? matmul : matmul.packed(device);
    }

    /** @param trainedInBf16 whether training computed in BF16, or empty if unknown */
    static MatmulBackend of(Compute compute, Optional<Boolean> trainedInBf16, Device device, Processor processor) {
        return switch (compute.predict().precision()) {
            case FP32 -> MatmulBackend.f32();
            case BF16 -> MatmulBackend.BF16;
            case INT8 ->
                MatmulBackend.int8(device, processor.hasBf16())
                        .orElseThrow(() -> RunException.config(
                                "predict.precision: int8 needs an x86-64 CPU: choose auto, or set device: cpu"));
            case AUTO ->
                trainedInBf16
                        .map(bf16 -> bf16 && (device.prefersBf16() || processor.hasBf16())
                                ? MatmulBackend.BF16
                                : MatmulBackend.f32())
                        .orElseGet(() -> MatmulBackend.of(compute.precision(), device));
        };
    }
}
