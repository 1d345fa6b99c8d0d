package io.github.sparkfinetune.core.predict;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.PredictConfig.PredictPrecision;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.PrecisionChoice;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.Processor;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Locale;
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
        PredictPrecision precision = config.predict().precision();
        if (precision.isQuantized() && config.method().type() == MethodConfig.Type.QLORA) {
            throw RunException.config("predict.precision: " + name(precision)
                    + " cannot be used with method.type qlora, whose weights have 4 bits: choose auto, or merge the"
                    + " adapter with finetune merge");
        }
        boolean isDecoder = model.map(Architectures::isDecoder)
                .orElseGet(() -> TaskSpecs.of(config).modelKind().head() == HeadKind.CAUSAL_LM);
        return of(
                        precision,
                        config.precision(),
                        isDecoder,
                        model.flatMap(HfConfig::trainedInBf16),
                        device,
                        Processor.here())
                .packed(device, precision == PredictPrecision.BF16);
    }

    /**
     * Returns the backend of a model whose results may depend on the kind of processor, but not on a measurement as
     * with {@code auto}: BF16 if the model was trained so and the processor has the instructions, else F32.
     */
    static MatmulBackend unmeasured(HfConfig model, Device device, Processor processor) {
        boolean bf16 = model.trainedInBf16().orElse(false) && processor.hasBf16();
        return bf16 ? MatmulBackend.BF16.packed(device, false) : MatmulBackend.f32();
    }

    /**
     * @param configured {@code precision}, which decides where nothing else does
     * @param trainedInBf16 whether training computed in BF16, or empty if unknown
     */
    static MatmulBackend of(
            PredictPrecision precision,
            PrecisionChoice configured,
            boolean isDecoder,
            Optional<Boolean> trainedInBf16,
            Device device,
            Processor processor) {
        return switch (precision) {
            case FP32 -> MatmulBackend.f32();
            case BF16 -> MatmulBackend.BF16;
            case INT8, INT4 -> quantized(precision, isDecoder, device, processor.hasBf16());
            case AUTO ->
                trainedInBf16
                        .map(bf16 -> bf16 && (device.prefersBf16() || processor.hasBf16())
                                ? MatmulBackend.BF16
                                : MatmulBackend.f32())
                        .orElseGet(() -> MatmulBackend.of(configured, device));
        };
    }

    private static MatmulBackend quantized(PredictPrecision precision, boolean isDecoder, Device device, boolean bf16) {
        if (isDecoder) {
            // A step of generation has few rows, and is as long as its weights are read. Outliers of a language
            // model's hidden states lose more in 8 bits than those of an encoder.
            return MatmulBackend.narrowWeights(device, precision == PredictPrecision.INT4, bf16)
                    .orElseThrow(() -> RunException.config(
                            "predict.precision: " + name(precision) + " needs a CPU: choose auto, or set device: cpu"));
        }
        if (precision == PredictPrecision.INT4) {
            throw RunException.config("predict.precision: int4 is for language models: choose int8 or auto");
        }
        return MatmulBackend.int8(device, bf16)
                .orElseThrow(() -> RunException.config(
                        "predict.precision: int8 needs an x86-64 CPU: choose auto, or set device: cpu"));
    }

    private static String name(PredictPrecision precision) {
        return precision.name().toLowerCase(Locale.ROOT);
    }
}
