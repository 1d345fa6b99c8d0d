package io.github.sparkfinetune.conf.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.error.RunException;
import org.junit.jupiter.api.Test;

class ComponentsTest {
    private static final MethodConfig LORA = MethodConfig.lora(4, 8, null);

    @Test
    void copiesARecordWithOneOtherValue() {
        MethodConfig changed = Components.with(LORA, "r", 16);

        assertThat(changed).isEqualTo(MethodConfig.lora(16, 8, null));
        assertThat(Components.with(changed, "r", 4)).isEqualTo(LORA);
    }

    @Test
    void checksTheCopy() {
        assertThatThrownBy(() -> Components.with(LORA, "r", 0))
                .isInstanceOf(RunException.class)
                .hasMessage("method.r: 0 is not allowed, it must be at least 1");
    }

    @Test
    void refusesAnUnknownComponent() {
        assertThatThrownBy(() -> Components.with(LORA, "rank", 4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("MethodConfig has no component rank");
    }
}
