package io.github.sparkfinetune.extra.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.spark.command.Arguments;
import io.github.sparkfinetune.spark.command.Commands;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AuditCommandTest {
    private static final Arguments<AuditOptions> ARGUMENTS = new Arguments<>(AuditOptions.class);

    @Test
    void isRegistered() {
        assertThat(Commands.named("audit")).containsInstanceOf(AuditCommand.class);
    }

    @Test
    void hasFourFoldsByDefault() {
        assertThat(ARGUMENTS.of(Map.of("output", "audit"))).isEqualTo(new AuditOptions("audit", 4, 1));
    }

    @Test
    void refusesOneFold() {
        assertThatThrownBy(() -> new AuditOptions("audit", 1, 1))
                .hasMessage("--folds: 1 is not allowed, it must be at least 2");
        assertThatThrownBy(() -> new AuditOptions("audit", 2, 0))
                .hasMessage("--together: 0 is not allowed, it must be at least 1");
    }

    @Test
    void showsCountsAndTheFirstRows() {
        Audited audited = new Audited(
                9,
                2,
                1,
                0,
                2,
                List.of("sea", "sky"),
                List.of(0.5, 0.5),
                List.of(new Audited.Doubt(1, "sea", "sky", 0.03125, "A\n plane")));

        assertThat(new AuditCommand().text(new AuditOptions("out", 2, 1), audited))
                .containsExactly(
                        "audited   9 rows: 2 wrong, 1 conflicting, 0 near-equal",
                        "1         sea, or sky? 0.0313  A plane",
                        "rows      out/rows");
    }
}
