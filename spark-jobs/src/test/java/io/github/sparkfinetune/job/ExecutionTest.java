package io.github.sparkfinetune.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** An {@link Error} is also reported in one line. */
class ExecutionTest {
    private static RunException failed(Error error) {
        Execution execution = new Execution("merge", null, null);
        return catchThrowableOfType(
                RunException.class,
                () -> execution.run(List.of(), false, () -> {
                    throw error;
                }));
    }

    @Test
    void fullHeapOfTheDriverNamesTheSettingToRaise() {
        RunException failed = failed(new OutOfMemoryError("Java heap space"));

        assertThat(failed.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(failed)
                .hasMessage("the driver ran out of memory (Java heap space): raise --driver-memory"
                        + " (spark.driver.memory) and start it again");
    }
}
