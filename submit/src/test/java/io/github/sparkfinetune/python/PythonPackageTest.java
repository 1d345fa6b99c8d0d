package io.github.sparkfinetune.python;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Checks of the Python package and the notebooks that do not run them; {@code submit/notebooks/test} runs them. */
class PythonPackageTest {
    /** Needs only Python, not the packages that the files import. */
    @Test
    @Timeout(600)
    void packageAndNotebooksAreWhatTheyShouldBe() throws Exception {
        Process check = new ProcessBuilder("python3", "notebooks/check.py")
                .redirectErrorStream(true)
                .start();
        String printed = new String(check.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(check.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(check.exitValue()).as(printed).isZero();
    }
}
