package io.github.sparkfinetune.core.arch.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.arch.Configs;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What {@code config.json} of the families with Llama's layer means. */
class LlamaTest {
    private static final String WINDOW = "sliding_window";

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
