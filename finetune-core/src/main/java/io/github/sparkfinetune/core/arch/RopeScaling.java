package io.github.sparkfinetune.core.arch;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** How rotary angles are stretched for longer contexts (source: {@code transformers/modeling_rope_utils.py}). */
public sealed interface RopeScaling {
    /** Key of the context length that a model was first trained with. */
    String ORIGINAL = "original_max_position_embeddings";

    /**
     * What the configuration's object of scaling says, or nothing where it scales nothing. {@code dynamic} scales the
     * angles of texts that are longer than {@code max_position_embeddings}, and no such text is computed.
     *
     * @param frequencies their number
     * @throws RunException where it is none that is computed
     */
    static Optional<RopeScaling> of(HfConfig config, JsonNode scaling, int frequencies) {
        String type = type(scaling);
        return switch (type) {
            case "default" -> Optional.empty();
            case "dynamic" -> {
                number(config, scaling, "factor");
                yield Optional.empty();
            }
            case "linear" -> Optional.of(new Linear(number(config, scaling, "factor")));
            case "llama3" ->
                Optional.of(new Llama3(
                        number(config, scaling, "factor"),
                        number(config, scaling, "low_freq_factor"),
                        number(config, scaling, "high_freq_factor"),
                        number(config, scaling, ORIGINAL)));
            case "longrope" -> Optional.of(LongRope.of(config, scaling, frequencies));
            case "yarn" -> Optional.of(Yarn.of(config, scaling));
            default ->
                throw RunException.data(config.source() + ": rope_scaling of type " + type
                        + " is not supported; supported are dynamic, linear, llama3, longrope, yarn");
        };
    }

    private static String type(JsonNode scaling) {
        return scaling.path("rope_type").asText(scaling.path("type").asText("default"));
    }

    private static float number(HfConfig config, JsonNode scaling, String key) {
        if (!scaling.path(key).isNumber()) {
            throw RunException.data(config.source() + ": rope_scaling has no number " + key);
        }
        return scaling.path(key).floatValue();
    }

    /**
     * Longest text that is computed: {@code max_position_embeddings}, but for {@code longrope} what the model was first
     * trained with, because longer texts have angles of their own.
     */
    static int positions(HfConfig config) {
        int positions = config.size("max_position_embeddings");
        boolean isLong = config.find("rope_scaling")
                .filter(scaling -> type(scaling).equals("longrope"))
                .isPresent();
        return isLong ? Math.min(positions, config.integer(ORIGINAL).orElse(positions)) : positions;
    }

    /**
     * Scales frequencies in place, in F32 as the reference rounds them.
     *
     * @param inverse their inverses as they were rounded before
     * @param theta base that these are powers of
     */
    void apply(float[] frequencies, float[] inverse, double theta);

    /** Whether a table of divisors in a GGUF file says all of it. */
    default boolean isTable() {
        return false;
    }

    /** What the angles' cosines and sines are multiplied by. */
    default double factor() {
        return 1;
    }

    /**
     * {@code linear}: all frequencies are divided.
     *
     * @param divisor of the frequencies
     */
    record Linear(float divisor) implements RopeScaling {
        @Override
        public void apply(float[] frequencies, float[] inverse, double theta) {
            for (int i = 0; i < frequencies.length; i++) {
                frequencies[i] /= divisor;
            }
        }
    }

    /**
     * {@code llama3}: low frequencies are divided by a factor, high ones stay, between them it is interpolated.
     *
     * @param divisor of the low frequencies
     * @param lowFrequencyFactor wavelengths above {@code original / lowFrequencyFactor} are low frequencies
     * @param highFrequencyFactor wavelengths below {@code original / highFrequencyFactor} are high ones
     * @param original context length that the model was first trained with
     */
    record Llama3(float divisor, float lowFrequencyFactor, float highFrequencyFactor, float original)
            implements RopeScaling {
        @Override
        public boolean isTable() {
            return true;
        }

        @Override
        public void apply(float[] frequencies, float[] inverse, double theta) {
            float longest = original / lowFrequencyFactor;
            float shortest = original / highFrequencyFactor;
            for (int i = 0; i < frequencies.length; i++) {
                float wavelength = (float) (2 * Math.PI) / frequencies[i];
                if (wavelength > longest) {
                    frequencies[i] /= divisor;
                } else if (wavelength >= shortest) {
                    float smooth =
                            (original / wavelength - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
                    frequencies[i] = (1 - smooth) * (frequencies[i] / divisor) + smooth * frequencies[i];
                }
            }
        }
    }

    /**
     * {@code longrope} of texts that are no longer than {@link #positions}: each frequency has a divisor of its own.
     *
     * @param divisors {@code short_factor}
     * @param factor of cosines and sines
     */
    record LongRope(List<Float> divisors, double factor) implements RopeScaling {
        public LongRope {
            divisors = List.copyOf(divisors);
        }

        private static LongRope of(HfConfig config, JsonNode scaling, int frequencies) {
            JsonNode listed = scaling.path("short_factor");
            if (listed.size() != frequencies) {
                throw RunException.data(config.source() + ": rope_scaling has no list short_factor of " + frequencies
                        + " numbers, one a frequency");
            }
            List<Float> divisors = new ArrayList<>();
            listed.forEach(divisor -> divisors.add(divisor.floatValue()));
            int longest = config.size("max_position_embeddings");
            int original = config.integer(ORIGINAL).orElse(longest);
            double stretch = config.integer(ORIGINAL).isPresent()
                    ? (double) longest / original
                    : number(config, scaling, "factor");
            double usual = stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(original));
            return new LongRope(divisors, scaling.path("attention_factor").asDouble(usual));
        }

        @Override
        public void apply(float[] frequencies, float[] inverse, double theta) {
            for (int i = 0; i < frequencies.length; i++) {
                frequencies[i] = 1 / (divisors.get(i) * inverse[i]);
            }
        }
    }

    /**
     * {@code yarn}: frequencies of few turns in the original context are divided, those of many stay, between them it
     * is interpolated.
     *
     * @param divisor of the low frequencies
     * @param fast turns from which a frequency stays
     * @param slow turns up to which it is divided
     * @param original context length that the model was first trained with
     * @param whole whether the bounds of the interpolation are whole numbers
     * @param factor of cosines and sines
     */
    record Yarn(double divisor, double fast, double slow, double original, boolean whole, double factor)
            implements RopeScaling {
        private static Yarn of(HfConfig config, JsonNode scaling) {
            double divisor = number(config, scaling, "factor");
            double scale = scaling.path("mscale").asDouble();
            double all = scaling.path("mscale_all_dim").asDouble();
            double usual = scale != 0 && all != 0
                    ? magnitude(divisor, scale) / magnitude(divisor, all)
                    : magnitude(divisor, 1);
            return new Yarn(
                    divisor,
                    or(scaling.path("beta_fast"), 32),
                    or(scaling.path("beta_slow"), 1),
                    or(scaling.path(ORIGINAL), config.size("max_position_embeddings")),
                    scaling.path("truncate").asBoolean(true),
                    scaling.path("attention_factor").asDouble(usual));
        }

        /** A number, or another where it is not there or 0. */
        private static double or(JsonNode number, double otherwise) {
            return number.asDouble() == 0 ? otherwise : number.asDouble();
        }

        private static double magnitude(double divisor, double scale) {
            return divisor <= 1 ? 1 : 0.1 * scale * Math.log(divisor) + 1;
        }

        @Override
        public void apply(float[] frequencies, float[] inverse, double theta) {
            int width = 2 * frequencies.length;
            double low = bound(fast, width, theta);
            double high = bound(slow, width, theta);
            low = Math.max(whole ? Math.floor(low) : low, 0);
            high = Math.min(whole ? Math.ceil(high) : high, width - 1.0);
            high = low == high ? high + 0.001 : high;
            for (int i = 0; i < frequencies.length; i++) {
                float kept = 1 - Math.min(Math.max((i - (float) low) / (float) (high - low), 0), 1);
                frequencies[i] = 1 / ((float) divisor * inverse[i]) * (1 - kept) + frequencies[i] * kept;
            }
        }

        /** Number of the frequency that turns so often in the original context. */
        private double bound(double turns, int width, double theta) {
            return width * Math.log(original / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
        }
    }
}
