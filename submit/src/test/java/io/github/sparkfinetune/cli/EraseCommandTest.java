package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class EraseCommandTest extends CommandLineOverFakeJobs {
    private int erase(String... choice) {
        List<String> words = List.of("erase", "--config", recipe(), "--set", "output.dir=" + dir.resolve("run"));
        return finetune(Stream.concat(words.stream(), Stream.of(choice)).toArray(String[]::new));
    }

    @Test
    void erasesAndWritesItsStatus() {
        assertThat(erase("--where", "person=7", "--near-duplicates", "--progress", "bar"))
                .isZero();
        assertThat(calls)
                .containsExactly(
                        "open",
                        "erase Options[hash=null, textFile=null, where=person=7, subject=null, asPrepared=false,"
                                + " nearDuplicates=true, plan=false]",
                        "close");
        assertThat(trainings).isEqualTo(1);
        assertThat(dir.resolve("run/status.json")).content().contains("\"exit_code\": 0");
    }

    @Test
    void aPlanTakesNoExecutorsAndWritesNoStatus() {
        assertThat(erase("--hash", "00ff", "--plan")).isZero();
        assertThat(trainings).isZero();
        assertThat(dir.resolve("run")).doesNotExist();
    }

    @Test
    void worksOnAPipeline() throws Exception {
        assertThat(finetune("erase", "--config", chain().toString(), "--subject", "7"))
                .isZero();
        assertThat(dir.resolve("chain/status.json")).exists();
    }

    @Test
    void requiresOneChoice() {
        for (String[] args : new String[][] {{}, {"--hash", "00ff", "--where", "person=7"}}) {
            err.getBuffer().setLength(0);
            assertThat(erase(args)).isEqualTo(2);
            assertThat(err.toString())
                    .isEqualToNormalizingNewlines("error: erase takes one choice of documents: give it --hash,"
                            + " --text-file, --where or --subject\n");
            assertThat(dir.resolve("run/status.json")).content().contains("\"exit_code\": 2");
        }
    }
}
