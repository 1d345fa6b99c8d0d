package io.github.sparkfinetune.core.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunWarningsTest {

    @ParameterizedTest
    @CsvSource({
        "classification, full, 1e-4, false",
        "classification, full, 1.1e-4, true",
        "classification, lora, 1e-3, false",
        "classification, freeze, 1e-3, false",
        "sft, full, 5e-5, false",
        "causal-lm, full, 6e-5, true",
        "sft, qlora, 2e-4, false",
        "preference, full, 5e-6, false",
        "preference, full, 6e-6, true",
        "unpaired-preference, full, 6e-6, true"
    })
    void warnsOfAHighLearningRateOfAFullRun(String task, String method, String rate, boolean warned) {
        List<String> warnings = RunWarnings.of(run(task, method, rate));
        assertThat(warnings).hasSize(warned ? 1 : 0);
    }

    @Test
    void namesTheKeyAndTheLimit() {
        assertThat(RunWarnings.of(run("classification", "full", "3e-4")))
                .singleElement()
                .asString()
                .startsWith("training.learning_rate: 3.0E-4 is above 1.0E-4,");
    }

    @Test
    void warnsIfSeveralRanksNeverSave() {
        String[] never = {"cluster.ranks=2", "training.save_minutes=0"};

        assertThat(RunWarnings.of(run("sft", "lora", "1e-4", never)))
                .singleElement()
                .asString()
                .startsWith("training.save_minutes and training.save_steps are 0: if one of the 2 ranks is lost,");
        assertThat(RunWarnings.of(run("sft", "lora", "1e-4", "cluster.ranks=2")))
                .isEmpty();
        assertThat(RunWarnings.of(run("sft", "lora", "1e-4", "training.save_minutes=0")))
                .isEmpty();
        assertThat(RunWarnings.of(
                        run("sft", "lora", "1e-4", never[0], never[1], "training.keep_checkpoints_every=0.5")))
                .isEmpty();
    }

    @Test
    void warnsIfABaseIn16BitsIsNotShared() {
        assertThat(RunWarnings.of(run("sft", "lora", "1e-4", "cluster.shard=full")))
                .singleElement()
                .asString()
                .startsWith("cluster.shard: full shares no more than gradients with method.type: lora,");
        assertThat(RunWarnings.of(run("sft", "qlora", "1e-4", "cluster.shard=full")))
                .isEmpty();
    }

    private static RunConfig run(String task, String method, String rate, String... more) {
        Stream<String> settings = Stream.of(
                "model=m",
                "task=" + task,
                "data.train=t",
                "output.dir=o",
                "method.type=" + method,
                "training.learning_rate=" + rate);
        return RunConfigLoader.parse(
                "", "run.yaml", Stream.concat(settings, Stream.of(more)).toList());
    }
}
