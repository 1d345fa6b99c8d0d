package io.github.sparkfinetune.core.arch.rope;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Scaling of rotary angles for longer contexts (source: {@code transformers/modeling_rope_utils.py}). */
public sealed interface RopeScaling {
    /** Key of the context length that a model was first trained with. */
    String ORIGINAL = "original_max_position_embeddings";

    /** Key of the longest context that a model supports. */
    String POSITIONS = "max_position_embeddings";

    /**
     * Location of the scaling in a configuration.
     *
     * @param key name of the object
     * @param values the object
     */
    record Fields(HfConfig config, String key, JsonNode values) {
        private float number(String name) {
            if (!values.path(name).isNumber()) {
                throw RunException.data(config.source() + ": " + key + " has no number " + name);
            }
            return values.path(name).floatValue();
        }
    }

    /**
     * Returns the scaling of a configuration; empty if nothing is scaled. {@code dynamic} only scales the angles of
     * texts longer than {@code max_position_embeddings}, which are never computed.
     *
     * @param frequencies number of frequencies
     * @throws RunException if the scaling is not supported
     */
    static Optional<RopeScaling> of(Fields fields, int frequencies) {
        String type = type(fields.values());
        return switch (type) {
            case "default" -> Optional.empty();
            case "dynamic" -> {
                fields.number("factor");
                yield Optional.empty();
            }
            case "linear" -> Optional.of(new Linear(fields.number("factor")));
            case "llama3" ->
                Optional.of(new Llama3(
                        fields.number("factor"),
                        fields.number("low_freq_factor"),
                        fields.number("high_freq_factor"),
                        fields.number(ORIGINAL)));
            case "longrope" -> Optional.of(LongRope.of(fields, frequencies));
            case "yarn" -> Optional.of(Yarn.of(fields));
            default ->
                throw RunException.data(fields.config().source() + ": " + fields.key() + " of type " + type
                        + " is not supported; supported are dynamic, linear, llama3, longrope, yarn");
        };
    }

    /** Returns the name of the scaling's type. */
    static String type(JsonNode scaling) {
        return scaling.path("rope_type").asText(scaling.path("type").asText("default"));
    }

    /**
     * Returns the length of the longest text that is computed: {@code max_position_embeddings}. With {@code longrope}
     * it is the context length that the model was first trained with, because longer texts have other angles.
     */
    static int positions(HfConfig config) {
        int positions = config.size(POSITIONS);
        return RopeParameters.isLong(config)
                ? Math.min(positions, RopeParameters.original(config, positions))
                : positions;
    }

    /**
     * Scales frequencies in place, in F32 as the reference rounds them.
     *
     * @param inverse unscaled inverse frequencies, rounded to F32
     * @param theta base of the frequencies
     */
    void apply(float[] frequencies, float[] inverse, double theta);

    /** Returns whether a table of divisors in a GGUF file describes the whole scaling. */
    default boolean isTable() {
        return false;
    }

    /** Returns the factor of the angles' cosines and sines. */
    default double factor() {
        return 1;
    }

    /**
     * {@code linear}: all frequencies are divided.
     *
     * @param divisor divisor of the frequencies
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
     * {@code llama3}: low frequencies are divided by a factor, high frequencies stay, and those between are
     * interpolated.
     *
     * @param divisor divisor of the low frequencies
     * @param lowFrequencyFactor wavelengths above {@code original / lowFrequencyFactor} are low frequencies
     * @param highFrequencyFactor wavelengths below {@code original / highFrequencyFactor} are high frequencies
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
     * {@code longrope} for texts up to {@link #positions}: each frequency has its own divisor.
     *
     * @param divisors values of {@code short_factor}
     * @param factor factor of cosines and sines
     */
    record LongRope(List<Float> divisors, double factor) implements RopeScaling {
        public LongRope {
            divisors = List.copyOf(divisors);
        }

        private static LongRope of(Fields fields, int frequencies) {
            HfConfig config = fields.config();
            JsonNode scaling = fields.values();
            JsonNode listed = scaling.path("short_factor");
            if (listed.size() != frequencies) {
                throw RunException.data(config.source() + ": " + fields.key() + " has no list short_factor of "
                        + frequencies + " numbers, one for each frequency");
            }
            List<Float> divisors = new ArrayList<>();
            listed.forEach(divisor -> divisors.add(divisor.floatValue()));
            int longest = config.size(POSITIONS);
            int original = RopeParameters.original(config, longest);
            // If both numbers are present, transformers uses the ratio before version 5, and the factor since then.
            boolean byRatio = fields.key().equals(RopeParameters.SCALING)
                    ? config.integer(ORIGINAL).isPresent()
                    : !scaling.path("factor").isNumber();
            double stretch = byRatio ? (double) longest / original : fields.number("factor");
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
     * {@code yarn}: frequencies with few turns in the original context are divided, frequencies with many turns stay,
     * and those between are interpolated.
     *
     * @param divisor divisor of the low frequencies
     * @param fast number of turns from which a frequency stays
     * @param slow number of turns up to which a frequency is divided
     * @param original context length that the model was first trained with
     * @param whole whether the bounds of the interpolation are whole numbers
     * @param factor factor of cosines and sines
     */
    record Yarn(double divisor, double fast, double slow, double original, boolean whole, double factor)
            implements RopeScaling {
        private static Yarn of(Fields fields) {
            JsonNode scaling = fields.values();
            double divisor = fields.number("factor");
            double scale = scaling.path("mscale").asDouble();
            double all = scaling.path("mscale_all_dim").asDouble();
            double usual = scale != 0 && all != 0
                    ? magnitude(divisor, scale) / magnitude(divisor, all)
                    : magnitude(divisor, 1);
            return new Yarn(
                    divisor,
                    or(scaling.path("beta_fast"), 32),
                    or(scaling.path("beta_slow"), 1),
                    or(scaling.path(ORIGINAL), fields.config().size(POSITIONS)),
                    scaling.path("truncate").asBoolean(true),
                    scaling.path("attention_factor").asDouble(usual));
        }

        /** Returns a number; the default if it is missing or 0. */
        private static double or(JsonNode number, double defaultValue) {
            return number.asDouble() == 0 ? defaultValue : number.asDouble();
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

        /** Returns the index of the frequency with so many turns in the original context. */
        private double bound(double turns, int width, double theta) {
            return width * Math.log(original / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
        }
    }
}
