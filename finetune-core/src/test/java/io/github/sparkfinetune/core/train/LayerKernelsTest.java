package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.tensor.AbsentDevice;
import io.github.sparkfinetune.data.dataset.Sample;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A GPU waits for the processor to launch kernels, so a layer of a language model launches few. */
class LayerKernelsTest {
    @TempDir
    private Path folder;

    /** Counts the kernels of a layer's calls for documents of equal length. */
    @ParameterizedTest
    @CsvSource({
        "bf16, method.type=full, 39, 73",
        "bf16, method.type=lora method.target_modules=all-linear, 46, 93",
        "fp32, method.type=full, 36, 73",
        "fp32, method.type=lora method.target_modules=all-linear, 57, 114",
    })
    void aLayerLaunchesFewKernels(String precision, String method, int forward, int backward) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), "llama-tied", config -> {});
        Path half = TinyModel.rewrite(base, folder.resolve("half"), TensorType.BF16, 60_000, (name, values) -> {});
        String[] settings = ("precision=" + precision + " " + method).split(" ");
        try (AbsentDevice device = new AbsentDevice();
                TinyDecoder decoder = TinyDecoder.toTrain(half, settings)) {
            device.trace(folder.resolve("trace.json"), "layer_forward", "layer_backward");
            decoder.gradient(DropoutMasks.none(), false, List.of(List.of(sample(0), sample(1))));
            assertThat(device.traces().get("layer_forward").operators()).hasSizeBetween(20, forward);
            assertThat(device.traces().get("layer_backward").operators()).hasSizeBetween(40, backward);
        }
    }

    private static Sample sample(int index) {
        int[] ids = new SplittableRandom(index).ints(16, 5, 300).toArray();
        return Sample.ofDocuments(index, ids, ids, 16);
    }
}
