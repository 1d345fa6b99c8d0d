package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.NativeArrays;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.core.model.weight.Trainable;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.core.train.step.TrainStep;
import io.github.sparkfinetune.data.dataset.Sample;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Training leaves no native arrays, and its memory does not grow over time. */
class NativeMemoryTest {
    @TempDir
    private Path folder;

    @Test
    void leavesNoArraysOfAClassifier() throws Exception {
        TinyRun tiny = new TinyRun(folder, "bert-seqcls", 0.1);
        Torch.start(1);
        long before = NativeArrays.alive();
        try (NDManager control = Torch.manager(-1)) {
            NDArray array = control.zeros(new Shape(3));
            assertThat(NativeArrays.alive()).as("the count sees an array").isEqualTo(before + 1);
            array.close();
        }
        RunConfig config = tiny.config("leaks", "training.eval_steps=3", "training.save_steps=4");
        tiny.run(config, 2, null);
        assertThat(NativeArrays.alive()).isEqualTo(before);
        RunConfig diverging = tiny.config("diverges", "training.learning_rate=1.0e30", "training.warmup_ratio=0");
        assertThatThrownBy(() -> tiny.run(diverging, 1, null))
                .cause()
                .isInstanceOf(RunException.class)
                .hasMessageContaining("training.learning_rate")
                .hasMessageContaining("rank 0");
        assertThat(NativeArrays.alive()).as("after a failed run").isEqualTo(before);
    }

    @ParameterizedTest
    @CsvSource({
        "llama-tied, method.type=full, training.gradient_checkpointing=true",
        "llama-tied, method.type=qlora, method.lora_dropout=0.1",
        "mistral, method.type=lora, method.use_dora=true",
        "gpt2, method.type=qlora, training.gradient_checkpointing=true"
    })
    void leavesNoArraysOfALanguageModel(String kind, String method, String setting) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), kind, config -> {});
        TinyRun tiny = new TinyRun(folder, base, "sft", method, setting);
        Torch.start(1);
        long before = NativeArrays.alive();
        tiny.run(tiny.config("leaks", "training.eval_steps=3", "training.save_steps=4"), 2, null);
        assertThat(NativeArrays.alive()).isEqualTo(before);
    }

    @Test
    void leavesNoArraysOfAMaskedLm() throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), "bert-mlm", config -> {});
        TinyRun tiny = new TinyRun(folder, base, "masked-lm");
        Torch.start(1);
        long before = NativeArrays.alive();
        tiny.run(tiny.config("leaks", "training.eval_steps=3", "training.save_steps=4"), 2, null);
        assertThat(NativeArrays.alive()).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bert-seqcls", "bert-mlm"})
    void leavesNoArraysAfterAStep(String kind) throws Exception {
        Path model = GoldenFiles.root().resolve("models").resolve(kind);
        try (GoldenModel golden = GoldenModel.load(model, Trainable.all()).orElseThrow()) {
            TrainStep step = golden.step(new SingleRank());
            long first = 0;
            for (int i = 0; i < 5; i++) {
                TrainStep.Outcome outcome = step.gradient(i, List.of(golden.samples), false, () -> false, () -> {});
                step.update(i + 1, 1e-3, outcome.gradNorm());
                first = i == 0 ? NativeArrays.alive() : first;
            }
            assertThat(NativeArrays.alive()).isEqualTo(first);
        }
    }

    @ParameterizedTest
    @CsvSource({"llama-tied, full", "gpt2, full", "mistral, lora", "llama-tied, qlora"})
    void leavesNoArraysAfterAStepOfALanguageModel(String kind, String method) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), kind, config -> {});
        List<Sample> samples = List.of(TinyDataset.documents(new SplittableRandom(1), 1, false, 3));
        try (TinyDecoder decoder = TinyDecoder.toTrain(base, "method.type=" + method, "method.lora_dropout=0.1")) {
            for (boolean recompute : new boolean[] {false, true}) {
                TrainStep step = decoder.step(DropoutMasks.of(1, 1), recompute);
                long first = 0;
                for (int i = 0; i < 4; i++) {
                    TrainStep.Outcome outcome =
                            step.gradient(i, List.of(samples, samples), false, () -> false, () -> {});
                    step.update(i + 1, 1e-3, outcome.gradNorm());
                    first = i == 0 ? NativeArrays.alive() : first;
                }
                assertThat(NativeArrays.alive()).isEqualTo(first);
            }
        }
    }
}
