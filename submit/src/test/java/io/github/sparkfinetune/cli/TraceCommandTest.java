package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.extra.erase.Trace;
import io.github.sparkfinetune.extra.erase.TraceCommand;
import java.util.List;
import org.junit.jupiter.api.Test;

class TraceCommandTest extends CommandLineOverFakeJobs {
    @Test
    void tracesAFileOrAHash() {
        results.put("trace", new Trace(null, "empty_text", List.of(), List.of(), 0));
        assertThat(finetune("trace", "--config", recipe(), "--text-file", "mail.txt"))
                .isZero();
        assertThat(calls).containsExactly("open", "trace " + new TraceCommand.Options("mail.txt", null), "close");
        assertThat(out.toString().lines()).containsExactly("dropped   empty_text");

        calls.clear();
        assertThat(finetune("trace", "--config", recipe(), "--hash", "00ff")).isZero();
        assertThat(calls).containsExactly("open", "trace " + new TraceCommand.Options(null, "00ff"), "close");
    }

    @Test
    void requiresAFileOrAHash() {
        for (String[] args : new String[][] {
            {"trace", "--config", recipe()},
            {"trace", "--config", recipe(), "--text-file", "mail.txt", "--hash", "00ff"}
        }) {
            err.getBuffer().setLength(0);
            assertThat(finetune(args)).isEqualTo(2);
            assertThat(err.toString())
                    .isEqualToNormalizingNewlines("error: trace takes one document: give it --text-file or --hash\n");
        }
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void reportsAnUnknownDocumentInOneLine() {
        failure = RunException.data("--text-file: mail.txt is in no row of data.train");

        assertThat(finetune("trace", "--config", recipe(), "--text-file", "mail.txt"))
                .isEqualTo(3);
        assertThat(err.toString())
                .isEqualToNormalizingNewlines("error: --text-file: mail.txt is in no row of data.train\n");
    }
}
