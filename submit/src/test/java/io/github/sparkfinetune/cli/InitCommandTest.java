package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class InitCommandTest extends CommandLineOverFakeJobs {
    private int init(String... more) {
        List<String> args = new ArrayList<>(
                List.of("init", "--output", dir.resolve("run.yaml").toString()));
        args.addAll(List.of(more));
        return finetune(args.toArray(String[]::new));
    }

    @Test
    void writesAndShowsTheFile() {
        assertThat(init("--data", "mails.jsonl", "--model", "hub:acme/bert")).isZero();

        assertThat(calls).containsExactly("open", "propose mails.jsonl /cache/acme/bert causal-lm", "close");
        assertThat(dir.resolve("run.yaml")).hasContent("model: /cache/acme/bert\n");
        assertThat(out.toString())
                .contains("note        the data and the model are for other tasks too, which --task names: masked-lm")
                .contains("data        4 rows")
                .contains("model: /cache/acme/bert")
                .contains("finetune run --config " + dir.resolve("run.yaml"));
    }

    @Test
    void writesOnlyTheFile() {
        assertThat(init("--data", "mails.jsonl", "--model", "models/bert")).isZero();

        assertThat(dir.toFile().list()).containsExactly("run.yaml");
    }

    @Test
    void suggestsTheNextCommandsForTheSameMaster() {
        System.setProperty("spark.master", "yarn");
        try {
            assertThat(init("--data", "mails.jsonl", "--model", "models/bert")).isZero();
        } finally {
            System.clearProperty("spark.master");
        }
        String config = " --config " + dir.resolve("run.yaml") + " --master yarn";
        assertThat(out.toString()).contains("finetune plan" + config + ", then finetune run" + config);
    }

    @Test
    void asksForMissingOptions() {
        answers.addAll(List.of("models/bert", "mails.jsonl", "masked-lm"));

        assertThat(init("--ask")).isZero();
        assertThat(calls).contains("propose mails.jsonl models/bert masked-lm");
    }

    @Test
    void choosesTheLikeliestTaskWithoutAnAnswer() {
        answers.addAll(List.of("models/bert", "mails.jsonl"));

        assertThat(init("--ask")).isZero();
        assertThat(calls).contains("propose mails.jsonl models/bert causal-lm");
    }

    @Test
    void rejectsATaskThatDoesNotFit() {
        answers.addAll(List.of("models/bert", "mails.jsonl", "sft"));

        assertThat(init("--ask")).isEqualTo(2);
        assertThat(err.toString())
                .isEqualTo("error: task sft does not fit: it must be one of causal-lm, masked-lm"
                        + System.lineSeparator());
        assertThat(dir.resolve("run.yaml")).doesNotExist();
    }

    @Test
    void asksOnlyWithTheOptionAsk() {
        answers.add("models/bert");

        assertThat(init("--data", "mails.jsonl")).isEqualTo(2);
        assertThat(err.toString())
                .isEqualTo("error: --model is missing: give it, or --ask to be asked" + System.lineSeparator());
        assertThat(calls).isEmpty();
    }

    @Test
    void overwritesNothing() throws IOException {
        Path file = Files.writeString(dir.resolve("run.yaml"), "mine");

        assertThat(init("--data", "mails.jsonl", "--model", "models/bert")).isEqualTo(2);
        assertThat(err.toString()).contains("the file exists already: name another one");
        assertThat(file).hasContent("mine");
        assertThat(calls).containsExactly("open", "close");
    }
}
