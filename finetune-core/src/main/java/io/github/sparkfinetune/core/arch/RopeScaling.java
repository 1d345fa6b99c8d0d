package io.github.sparkfinetune.core.arch;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Optional;

/**
 * Llama 3's stretching of rotary angles for longer contexts ({@code rope_type: llama3} in
 * {@code transformers/modeling_rope_utils.py}): low frequencies are divided by a factor, high ones stay, between them
 * it is interpolated.
 *
 * @param factor divisor of the low frequencies
 * @param lowFrequencyFactor wavelengths above {@code original / lowFrequencyFactor} are low frequencies
 * @param highFrequencyFactor wavelengths below {@code original / highFrequencyFactor} are high ones
 * @param original context length that the model was first trained with
 */
public record RopeScaling(float factor, float lowFrequencyFactor, float highFrequencyFactor, float original) {

    /** What the configuration's object of scaling says, or nothing where it scales nothing. */
    static Optional<RopeScaling> of(HfConfig config, JsonNode scaling) {
        String type = scaling.path("rope_type").asText(scaling.path("type").asText("default"));
        if (type.equals("default")) {
            return Optional.empty();
        }
        if (!type.equals("llama3")) {
            throw RunException.data(
                    config.source() + ": rope_scaling of type " + type + " is not supported, only llama3 is");
        }
        return Optional.of(new RopeScaling(
                number(config, scaling, "factor"),
                number(config, scaling, "low_freq_factor"),
                number(config, scaling, "high_freq_factor"),
                number(config, scaling, "original_max_position_embeddings")));
    }

    private static float number(HfConfig config, JsonNode scaling, String key) {
        if (!scaling.path(key).isNumber()) {
            throw RunException.data(config.source() + ": rope_scaling has no number " + key);
        }
        return scaling.path(key).floatValue();
    }

    /** Scales inverse frequencies in place, in F32 as the reference does. */
    public void apply(float[] frequencies) {
        float longest = original / lowFrequencyFactor;
        float shortest = original / highFrequencyFactor;
        for (int i = 0; i < frequencies.length; i++) {
            float wavelength = (float) (2 * Math.PI) / frequencies[i];
            if (wavelength > longest) {
                frequencies[i] /= factor;
            } else if (wavelength >= shortest) {
                float smooth =
                        (original / wavelength - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
                frequencies[i] = (1 - smooth) * (frequencies[i] / factor) + smooth * frequencies[i];
            }
        }
    }
}
