package io.github.sparkfinetune.core.optim;

import static io.github.sparkfinetune.core.optim.TensorMemory.write;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.arch.WeightSpec.Kind;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.quant.DynamicCode;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.tensor.Torch;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** 8-bit moments and updated parameters equal those of bitsandbytes ({@code optim/adamw_8bit.safetensors}). */
class AdamW8bitGoldenTest {
    private static final TrainingConfig TRAINING = RunConfigLoader.parse(
                    "{model: m, task: classification, data: {train: t}, output: {dir: o}}",
                    "test",
                    List.of("training.optim=adamw_8bit", "training.adam_beta2=0.99", "training.weight_decay=0.1"))
            .training();
    private static final Offset<Float> TOLERANCE = Offset.offset(2e-6f);

    @BeforeAll
    static void startTorch() {
        Torch.start(1);
    }

    private static SafetensorsFile reference() {
        try {
            return SafetensorsFile.open(Path.of(AdamW8bitGoldenTest.class
                    .getResource("/optim/adamw_8bit.safetensors")
                    .toURI()));
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static ParameterGradient parameter(NDManager manager, String name, Kind kind, float[] values) {
        NDArray value = manager.create(values);
        return new ParameterGradient(new Parameter(name, value, kind, true, false), value.zerosLike(), 0);
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    @Test
    void hasTheCodesOfBitsandbytes() {
        try (SafetensorsFile expected = reference()) {
            assertThat(DynamicCode.values()).isEqualTo(GoldenFiles.floats(expected, "signed"));
            assertThat(DynamicCode.unsignedValues()).isEqualTo(GoldenFiles.floats(expected, "unsigned"));
        }
    }

    @Test
    void makesTheFirstFiveStepsOfBitsandbytes() {
        try (SafetensorsFile expected = reference();
                NDManager manager = Torch.manager(-1)) {
            ParameterGradient trained = parameter(manager, "w", Kind.LINEAR, GoldenFiles.floats(expected, "before"));
            Optimizer optimizer = OptimizerKind.of(TRAINING).create(manager, TRAINING, List.of(trained));
            for (int step = 1; step <= 5; step++) {
                write(trained.gradient().dense(), GoldenFiles.floats(expected, "gradient." + step));
                optimizer.step(manager, step, 1e-2, 2);
                assertThat(trained.parameter().value().toFloatArray())
                        .as("step %d", step)
                        .containsExactly(GoldenFiles.floats(expected, "after." + step), TOLERANCE);
                Map<String, NDArray> state = optimizer.state();
                assertThat(state).containsOnlyKeys("state1.w", "absmax1.w", "state2.w", "absmax2.w");
                for (String moment : List.of("1", "2")) {
                    assertThat(state.get("absmax" + moment + ".w").toFloatArray())
                            .containsExactly(GoldenFiles.floats(expected, "absmax" + moment + "." + step), TOLERANCE);
                    assertFewDiffer(
                            bytes(state.get("state" + moment + ".w").toByteBuffer()),
                            bytes(expected.buffer("state" + moment + "." + step)));
                }
            }
        }
    }

    /**
     * Asserts that few codes differ. A value midway between two codes may round either way, depending on the order of
     * sums.
     */
    private static void assertFewDiffer(byte[] actual, byte[] expected) {
        int differences = 0;
        for (int i = 0; i < expected.length; i++) {
            int difference = Math.abs((actual[i] & 0xff) - (expected[i] & 0xff));
            assertThat(difference).isLessThanOrEqualTo(1);
            differences += difference;
        }
        assertThat(differences).isLessThan(expected.length / 200);
    }

    @Test
    void keepsF32MomentsOfEmbeddingsAndSmallParametersAndPlansThem() {
        try (NDManager manager = Torch.manager(-1)) {
            List<ParameterGradient> parameters = List.of(
                    parameter(manager, "table", Kind.EMBEDDING, new float[10_000]),
                    parameter(manager, "weight", Kind.LINEAR, new float[100 * DynamicCode.BLOCK]),
                    parameter(manager, "bias", Kind.BIAS, new float[AdamW8bit.LEAST - 1]));
            OptimizerKind kind = OptimizerKind.of(TRAINING);
            Map<String, NDArray> state =
                    kind.create(manager, TRAINING, parameters).state();
            assertThat(state.keySet())
                    .containsExactly(
                            "exp_avg.table",
                            "exp_avg_sq.table",
                            "exp_avg.bias",
                            "exp_avg_sq.bias",
                            "state1.weight",
                            "absmax1.weight",
                            "state2.weight",
                            "absmax2.weight");
            assertThat(kind.stateBytes(10_000 + 100 * DynamicCode.BLOCK, 10_000))
                    .isEqualTo(2 * (10_000 * Float.BYTES + 100 * DynamicCode.BLOCK + 100 * Float.BYTES));
        }
    }
}
