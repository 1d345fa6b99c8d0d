package io.github.sparkfinetune.data.jinja.function;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.data.jinja.value.Limits;
import java.time.LocalDateTime;
import org.junit.jupiter.api.Test;

class StrftimeNowTest {
    @Test
    void formatsTheTimeAsPython() {
        LocalDateTime time = LocalDateTime.of(2024, 7, 6, 5, 4, 3);
        assertThat(StrftimeNow.format(new Limits(), "%Y-%m-%d %H:%M:%S %d %b %Y, %A %B %-d %a %y %I %p %j %%", time))
                .isEqualTo("2024-07-06 05:04:03 06 Jul 2024, Saturday July 6 Sat 24 05 AM 188 %");
    }
}
