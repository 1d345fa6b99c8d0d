package io.github.sparkfinetune.core.arch.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.arch.Configs;
import io.github.sparkfinetune.core.arch.DecoderArchitecture;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What {@code config.json} of the families with Llama's layer means. */
class LlamaTest {
    private static final String WINDOW = "sliding_window";
    private static final String SLIDING = "sliding_attention";

    @Test
    void mistralsWindowIsThatOfTransformersWithoutTheKeyAndNoneWithNull() {
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
    void layersHaveWindowsAsLayerTypesSayAndElseAsTransformersCounts() {
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
    void everyFourthLayerHasNoPositionsWhereNothingElseIsSaid() {
        HfConfig config = Configs.golden("smollm3", "no_rope_layers", null);
        assertThat(turned(config)).containsExactly(true, true, true, false);
        assertThat(turned(config.with("no_rope_layer_interval", 2))).containsExactly(true, false, true, false);
        assertThat(turned(config.with("no_rope_layers", List.of(0, 1, 0, 1))))
                .containsExactly(false, true, false, true);
    }

    private static List<Boolean> turned(HfConfig config) {
        DecoderArchitecture decoder = Architectures.decoder(config);
        return IntStream.range(0, decoder.shape().layers())
                .mapToObj(layer -> decoder.attention(layer).rotary().isPresent())
                .toList();
    }

    @Test
    void capsAreNoneWithNullAndThoseOfTransformersWithoutTheKey() {
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
    void qwensLayerTypesWinOverItsWindowKeys() {
        HfConfig full = Configs.golden("qwen2", "layer_types", List.of("full_attention", "full_attention"));
        HfConfig windowed = full.with("use_sliding_window", true).with("max_window_layers", 0);
        assertThatCode(() -> Architectures.decoder(windowed)).doesNotThrowAnyException();

        HfConfig some = full.with("layer_types", List.of("full_attention", "sliding_attention"));
        assertThatThrownBy(() -> Architectures.decoder(some))
                .isInstanceOf(RunException.class)
                .hasMessageContainingAll("config.json", "layer_types sliding_attention is not supported for qwen2");
    }

    @Test
    void qwensWindowCountsFromTheLayerThatTransformersTakes() {
        HfConfig config = Configs.golden("qwen2", "layer_types", null).with("use_sliding_window", true);
        HfConfig byDefault = config.with("max_window_layers", null).with(WINDOW, 16);
        assertThatCode(() -> Architectures.decoder(byDefault)).doesNotThrowAnyException();
        assertThatThrownBy(() -> Architectures.decoder(byDefault.with("max_window_layers", 1)))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("use_sliding_window is not supported for qwen2");
    }

    @Test
    void aModelThatIsNotComputedHasItsFactsAllTheSame() {
        HfConfig config = Configs.golden("llama-tied", "attention_dropout", 0.1);
        assertThat(Architectures.of(config).prefix()).isEqualTo("model.");
        assertThatThrownBy(() -> Architectures.decoder(config)).hasMessageContaining("attention_dropout");
    }
}
