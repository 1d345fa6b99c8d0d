package io.github.sparkfinetune.core.arch.modernbert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.Configs;
import io.github.sparkfinetune.core.arch.EncoderArchitecture;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Reads ModernBERT's {@code config.json} as versions 4 and 5 of transformers write it. */
class ModernBertTest {
    private static final String FULL = "full_attention";
    private static final String SLIDING = "sliding_attention";

    /** Returns the base of the angles of each layer, and its window if it has one. */
    private static List<Map<String, Float>> layers(HfConfig config) {
        EncoderArchitecture encoder = Architectures.encoder(config);
        return IntStream.range(0, encoder.shape().layers())
                .mapToObj(layer -> {
                    Map<String, Float> values =
                            new HashMap<>(encoder.layer(layer).constants());
                    values.put(
                            "theta", (float) encoder.rotary(layer).orElseThrow().theta());
                    return values;
                })
                .toList();
    }

    @Test
    void takesLayersFromLayerTypes() {
        HfConfig config = Configs.golden("modernbert-saved-by-5");
        assertThat(layers(config))
                .containsExactly(
                        Map.of("theta", 500f, "window", 4f), Map.of("theta", 50_000f), Map.of("theta", 50_000f));
        assertThat(layers(config.with("layer_types", null)))
                .containsExactly(
                        Map.of("theta", 50_000f),
                        Map.of("theta", 500f, "window", 4f),
                        Map.of("theta", 500f, "window", 4f));
        assertThat(Architectures.encoder(config.with("layer_types", List.of(FULL, FULL, FULL)))
                        .window())
                .isZero();
    }

    @Test
    void writesTheKeysOfTransformers4Too() {
        HfConfig config = Configs.golden("modernbert-saved-by-5", "layer_types", List.of(FULL, SLIDING, FULL));
        HfConfig written = Architectures.encoder(config).written(config);
        assertThat(written.integer("global_attn_every_n_layers")).hasValue(2);
        assertThat(layers(written)).isEqualTo(layers(config));
        assertThat(layers(written.with("rope_parameters", null).with("layer_types", null)))
                .isEqualTo(layers(config));
        HfConfig older = Configs.golden("modernbert-seqcls");
        assertThat(Architectures.encoder(older).written(older).toJson()).isEqualTo(older.toJson());
    }

    @Test
    void refusesRopeScaling() {
        Map<String, Object> scaled = Map.of(FULL, Map.of("rope_type", "linear", "factor", 2.0));
        assertThatThrownBy(() -> Architectures.encoder(Configs.golden("modernbert-seqcls", "rope_parameters", scaled)))
                .isInstanceOf(RunException.class)
                .hasMessageContainingAll("config.json", "rope_parameters", "modernbert");
    }
}
