package io.github.sparkfinetune.conf.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.conf.error.RunException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Stages of a file. */
class StagesTest {
    private static final String CHAIN = """
            model: base
            output: {dir: runs/chain}
            training: {learning_rate: 1e-4, max_steps: 7}
            pipeline:
              domain:
                task: causal-lm
                data: {train: texts.jsonl}
                method: {type: lora}
                training: {max_steps: 50}
              whole:
                task: causal-lm
                data: {train: more.jsonl}
              labels:
                task: classification
                data: {train: rows.jsonl}
                training: {learning_rate: 2e-5}
            """;

    private static List<Stage> read(String yaml, String... overrides) {
        return RunConfigLoader.parseStages(yaml, "chain.yaml", List.of(overrides));
    }

    @Test
    void stageStartsFromTheModelOfTheStageBefore() {
        List<Stage> stages = read(CHAIN);
        assertThat(stages).extracting(Stage::name).containsExactly("domain", "whole", "labels");
        assertThat(stages)
                .extracting(stage -> stage.config().task())
                .containsExactly(Task.CAUSAL_LM, Task.CAUSAL_LM, Task.CLASSIFICATION);
        assertThat(stages)
                .extracting(stage -> stage.config().model())
                .containsExactly("base", "runs/chain/domain/merged", "runs/chain/whole/model");
        assertThat(stages)
                .extracting(stage -> stage.config().output().dir())
                .containsExactly("runs/chain/domain", "runs/chain/whole", "runs/chain/labels");
        assertThat(stages)
                .extracting(stage -> stage.config().training().learningRate())
                .containsExactly(1e-4, 1e-4, 2e-5);
        assertThat(stages)
                .extracting(stage -> stage.config().training().maxSteps())
                .containsExactly(50, 7, 7);
    }

    @Test
    void overridesApplyToAllStagesOrToOne() {
        List<Stage> stages =
                read(CHAIN, "training.max_steps=3", "output.dir=/o", "model=m", "pipeline.labels.training.max_steps=9");
        assertThat(stages)
                .extracting(stage -> stage.config().training().maxSteps())
                .containsExactly(3, 3, 9);
        assertThat(stages)
                .extracting(stage -> stage.config().output().dir())
                .containsExactly("/o/domain", "/o/whole", "/o/labels");
        assertThat(stages)
                .extracting(stage -> stage.config().model())
                .containsExactly("m", "/o/domain/merged", "/o/whole/model");
    }

    @Test
    void readsAFileWithoutAPipelineAsOneRun() {
        List<Stage> stages = read("{model: m, task: sft, data: {train: t}, output: {dir: o}}", "training.max_steps=3");
        assertThat(stages).hasSize(1);
        assertThat(stages.get(0).name()).isEmpty();
        assertThat(stages.get(0).config().training().maxSteps()).isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '^',
            value = {
                "'{model: m, pipeline: []}' ^ chain.yaml:1: pipeline: expected stages by name",
                "'{model: m, pipeline: {}}' ^ chain.yaml:1: pipeline: expected stages by name",
                "'{model: m, pipeline: {a/b: {task: sft}}}' ^ chain.yaml:1: pipeline: a stage's name is letters",
                "'{model: m, output: {dir: o}, pipeline: {a: {task: sft, tsk: 1}}}' ^ chain.yaml:1: unknown key tsk",
                "'{model: m, output: {dir: o}, pipeline: {a: {task: sft}}}' ^ chain.yaml: data.train is missing",
            })
    void rejectsABadPipeline(String yaml, String message) {
        assertThatThrownBy(() -> read(yaml)).isInstanceOf(RunException.class).hasMessageStartingWith(message);
    }

    @Test
    void rejectsAnOverrideOfAnUnknownStage() {
        assertThatThrownBy(() -> read(CHAIN, "pipeline.label.training.max_steps=9"))
                .hasMessageStartingWith(
                        "--set pipeline.label.training.max_steps=9: the pipeline has the stages domain,");
    }
}
