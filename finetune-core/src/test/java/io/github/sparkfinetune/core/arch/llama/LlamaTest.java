package io.github.sparkfinetune.core.arch.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.Configs;
import io.github.sparkfinetune.core.arch.DecoderArchitecture;
import io.github.sparkfinetune.core.arch.LayerAttention;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.arch.rope.RopeScaling;
import io.github.sparkfinetune.core.arch.rope.RotaryPositions;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads {@code config.json} of the families with Llama's layer as transformers does. */
class LlamaTest {
    private static final String WINDOW = "sliding_window";
    private static final String SLIDING = "sliding_attention";

    @Test
    void usesTransformersDefaultWindowOfMistralAndNoneForNull() {
        HfConfig config = Configs.golden("mistral");
        assertThat(window(config)).isEqualTo(config.integer(WINDOW).orElseThrow());
        assertThat(window(Configs.withNull("mistral", WINDOW))).isZero();
        assertThat(window(config.with(WINDOW, null))).isEqualTo(4096);
    }

    private static int window(HfConfig config) {
        return Architectures.decoder(config).attention(0).window();
    }

    private static List<Integer> windows(HfConfig config) {
        DecoderArchitecture decoder = Architectures.decoder(config);
        return IntStream.range(0, decoder.shape().layers())
                .mapToObj(layer -> decoder.attention(layer).window())
                .toList();
    }

    @Test
    void takesWindowsFromLayerTypesOrTransformersDefaults() {
        HfConfig two = Configs.golden("gemma2", "layer_types", List.of("full_attention", SLIDING, "full_attention"));
        assertThat(windows(two)).containsExactly(0, 7, 0);
        assertThat(windows(two.with("layer_types", null))).containsExactly(7, 0, 7);
        assertThat(windows(two.with(WINDOW, null))).containsExactly(0, 4096, 0);

        HfConfig three = Configs.golden("gemma3", "layer_types", null);
        assertThat(windows(three)).containsExactly(7, 7, 7, 7);
        assertThat(windows(three.with("sliding_window_pattern", 2))).containsExactly(7, 0, 7, 0);
        DecoderArchitecture decoder = Architectures.decoder(three.with("sliding_window_pattern", 2));
        assertThat(decoder.attention(0).rotary().orElseThrow().theta()).isEqualTo(1e4);
        assertThat(decoder.attention(1).rotary().orElseThrow().theta()).isEqualTo(1e6);

        HfConfig small = Configs.golden("smollm3", "layer_types", null).with(WINDOW, 5);
        assertThat(windows(small)).containsExactly(0, 0, 0, 0);
        assertThat(windows(small.with("use_sliding_window", true))).containsExactly(0, 0, 0, 5);
    }

    @Test
    void readsRopeParametersByLayerTypeOfTransformers5() {
        for (String model : List.of("gemma3-saved-by-5", "gemma3-multimodal-saved-by-5", "gemma3-multimodal")) {
            DecoderArchitecture decoder = Architectures.decoder(Configs.golden(model));
            assertThat(decoder.attention(0).rotary())
                    .as(model)
                    .contains(new RotaryPositions(500, 12, Optional.empty()));
            assertThat(decoder.attention(1).rotary())
                    .as(model)
                    .contains(new RotaryPositions(50_000, 12, Optional.of(new RopeScaling.Linear(8))));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "llama-tied, '{\"full_attention\": {\"rope_theta\": 1.0}}', rope_parameters by type of layer is not supported",
        "gemma2, '{\"full_attention\": {\"rope_theta\": 1.0}}', rope_parameters by type of layer is not supported",
        "gemma3, '{\"rope_theta\": 1.0}', 'rope_parameters.rope_theta is not supported for gemma3_text; only full_att'",
        "llama-tied, '{\"partial_rotary_factor\": 0.5}', 'partial_rotary_factor 0.5 is not supported for llama; only 1'",
        "llama-tied, '{\"rope_type\": \"ntk\"}', rope_parameters of type ntk is not supported",
        "gemma3, '{\"sliding_attention\": {\"rope_type\": \"linear\"}}', rope_parameters.sliding_attention has no number"
    })
    void refusesRopeParametersThatTransformersDoesNotRead(String model, String parameters, String message)
            throws Exception {
        HfConfig config = Configs.golden(model, "rope_parameters", new ObjectMapper().readTree(parameters));
        assertThatThrownBy(() -> Architectures.decoder(config))
                .isInstanceOf(RunException.class)
                .hasMessageContainingAll("config.json", message);
    }

    /** Reads {@code config.json} of the published Gemma 3 4B, whose text part names few sizes. */
    @Test
    void usesTransformersDefaultSizesOfAMultimodalModel() {
        HfConfig published = Configs.golden("gemma3-multimodal")
                .with("eos_token_id", List.of(1, 106))
                .with(
                        "text_config",
                        Map.of(
                                "hidden_size", 2560,
                                "intermediate_size", 10240,
                                "model_type", "gemma3_text",
                                "num_hidden_layers", 34,
                                "rope_scaling", Map.of("factor", 8.0, "rope_type", "linear"),
                                "sliding_window", 1024));
        DecoderArchitecture decoder = Architectures.decoder(published);
        assertThat(decoder.table().shape()).containsExactly(262_208, 2560);
        assertThat(decoder.layer(33).weights().get("q_proj.weight").shape()).containsExactly(2048, 2560);
        assertThat(decoder.layer(33).weights().get("k_proj.weight").shape()).containsExactly(1024, 2560);
        assertThat(decoder.shape().tables().positions()).isEqualTo(131_072);
        assertThat(decoder.attention(4).window()).isEqualTo(1024);
        assertThat(decoder.attention(5))
                .isEqualTo(new LayerAttention(
                        0, Optional.of(new RotaryPositions(1e6, 256, Optional.of(new RopeScaling.Linear(8))))));
        HfConfig text = Architectures.config(published);
        assertThat(text.vocabSize()).isEqualTo(262_208);
        assertThat(text.find("eos_token_id").orElseThrow()).hasToString("[1,106]");
    }

    /** Reads the written configuration by the older keys alone and by both sets of keys, with the same result. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "gemma3-saved-by-5",
                "gemma3-multimodal-saved-by-5",
                "llama-saved-by-5",
                "mistral3-saved-by-5",
                "phi3-saved-by-5"
            })
    void writesTheKeysOfTransformers4Too(String model) {
        HfConfig config = Architectures.config(Configs.golden(model));
        DecoderArchitecture decoder = Architectures.decoder(config);
        HfConfig written = decoder.written(config);
        assertThat(written.find("rope_parameters")).isEqualTo(config.find("rope_parameters"));
        for (HfConfig read : List.of(written, written.with("rope_parameters", null))) {
            assertThat(Architectures.decoder(read).attentions()).isEqualTo(decoder.attentions());
            assertThat(Architectures.decoder(read).shape()).isEqualTo(decoder.shape());
        }
        HfConfig older = written.with("rope_parameters", null);
        assertThat(decoder.written(older).toJson()).isEqualTo(older.toJson());
    }

    /** Writes exactly three keys or none, because transformers 4 refuses any other number. */
    @Test
    void writesLongropeWithThreeKeysOrNone() {
        HfConfig config = Configs.golden("phi3-saved-by-5");
        HfConfig written = Architectures.decoder(config).written(config);
        assertThat(written.find("rope_scaling").orElseThrow())
                .hasToString("{\"long_factor\":[2.0,4.0],\"short_factor\":[1.0,1.5],\"type\":\"longrope\"}");
        ObjectNode more = config.find("rope_parameters").orElseThrow().deepCopy();
        HfConfig scaled = config.with("rope_parameters", more.put("attention_factor", 1.5));
        assertThat(Architectures.decoder(scaled).written(scaled).find("rope_scaling"))
                .isEmpty();
    }

    @Test
    void leavesEveryFourthLayerWithoutRotaryByDefault() {
        HfConfig config = Configs.golden("smollm3", "no_rope_layers", null);
        assertThat(rotated(config)).containsExactly(true, true, true, false);
        assertThat(rotated(config.with("no_rope_layer_interval", 2))).containsExactly(true, false, true, false);
        assertThat(rotated(config.with("no_rope_layers", List.of(0, 1, 0, 1))))
                .containsExactly(false, true, false, true);
    }

    private static List<Boolean> rotated(HfConfig config) {
        DecoderArchitecture decoder = Architectures.decoder(config);
        return IntStream.range(0, decoder.shape().layers())
                .mapToObj(layer -> decoder.attention(layer).rotary().isPresent())
                .toList();
    }

    @Test
    void usesTransformersDefaultCapsAndNoneForNull() {
        HfConfig none = Configs.withNull("gemma2", "attn_logit_softcapping");
        assertThat(Architectures.decoder(none).factors().attentionCap()).isZero();
        assertThat(Architectures.decoder(none.with("attn_logit_softcapping", null))
                        .factors()
                        .attentionCap())
                .isEqualTo(50);
        assertThat(Architectures.decoder(Configs.golden("gemma2", "final_logit_softcapping", null))
                        .factors()
                        .logitCap())
                .isEqualTo(30);
    }

    @Test
    void prefersLayerTypesOfQwenToItsWindowKeys() {
        HfConfig full = Configs.golden("qwen2", "layer_types", List.of("full_attention", "full_attention"));
        HfConfig windowed = full.with("use_sliding_window", true).with("max_window_layers", 0);
        assertThatCode(() -> Architectures.decoder(windowed)).doesNotThrowAnyException();

        HfConfig some = full.with("layer_types", List.of("full_attention", "sliding_attention"));
        assertThatThrownBy(() -> Architectures.decoder(some))
                .isInstanceOf(RunException.class)
                .hasMessageContainingAll("config.json", "layer_types sliding_attention is not supported for qwen2");
    }

    @Test
    void usesTransformersDefaultMaxWindowLayersOfQwen() {
        HfConfig config = Configs.golden("qwen2", "layer_types", null).with("use_sliding_window", true);
        HfConfig byDefault = config.with("max_window_layers", null).with(WINDOW, 16);
        assertThatCode(() -> Architectures.decoder(byDefault)).doesNotThrowAnyException();
        assertThatThrownBy(() -> Architectures.decoder(byDefault.with("max_window_layers", 1)))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("use_sliding_window is not supported for qwen2");
    }

    @Test
    void knowsThePrefixOfAnUnsupportedModel() {
        HfConfig config = Configs.golden("llama-tied", "attention_dropout", 0.1);
        assertThat(Architectures.of(config).prefix()).isEqualTo("model.");
        assertThatThrownBy(() -> Architectures.decoder(config)).hasMessageContaining("attention_dropout");
    }
}
