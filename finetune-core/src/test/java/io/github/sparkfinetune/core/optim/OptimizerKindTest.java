package io.github.sparkfinetune.core.optim;

import static io.github.sparkfinetune.core.optim.TensorMemory.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.arch.WeightSpec.Kind;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.tensor.Torch;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OptimizerKindTest {
    private static final TrainingConfig TRAINING = RunConfigLoader.parse(
                    "{model: base, task: causal-lm, data: {train: none}, output: {dir: none}}",
                    "test",
                    List.of("training.weight_decay=0.1", "training.adam_beta1=0.8", "training.adam_epsilon=1.0e-3"))
            .training();

    @Test
    void updatesParametersByTheFormulaOfAdamW() {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            NDArray weight = manager.create(new float[] {1, -2});
            NDArray bias = manager.create(new float[] {3});
            List<ParameterGradient> parameters = List.of(
                    new ParameterGradient(
                            new Parameter("weight", weight, Kind.LINEAR, true, false), manager.create(new float[2]), 0),
                    new ParameterGradient(
                            new Parameter("bias", bias, Kind.BIAS, true, false), manager.create(new float[1]), 0));
            Optimizer optimizer = OptimizerKind.of(TRAINING).create(manager, TRAINING, parameters);
            double[] expected = {1, -2, 3};
            double[] m = new double[3];
            double[] v = new double[3];
            for (int step = 1; step <= 3; step++) {
                write(parameters.get(0).gradient().dense(), 4, 8);
                write(parameters.get(1).gradient().dense(), -2);
                optimizer.step(manager, step, 0.5, 2);
                for (int i = 0; i < expected.length; i++) {
                    double gradient = new double[] {2, 4, -1}[i];
                    m[i] = 0.8 * m[i] + 0.2 * gradient;
                    v[i] = 0.999 * v[i] + 0.001 * gradient * gradient;
                    expected[i] *= i < 2 ? 1 - 0.5 * 0.1 : 1;
                    expected[i] -= 0.5
                            * (m[i] / (1 - Math.pow(0.8, step)))
                            / (Math.sqrt(v[i] / (1 - Math.pow(0.999, step))) + 1e-3);
                }
            }
            assertThat((double) weight.getFloat(0)).isCloseTo(expected[0], within(1e-5));
            assertThat((double) weight.getFloat(1)).isCloseTo(expected[1], within(1e-5));
            assertThat((double) bias.getFloat(0)).isCloseTo(expected[2], within(1e-5));
        }
    }

    @Test
    void decaysTheRateOfLowerLayersAndPullsPretrainedParametersToTheirStart() {
        Torch.start(1);
        TrainingConfig training = RunConfigLoader.parse(
                        "{model: m, task: classification, data: {train: t}, output: {dir: o}}",
                        "test",
                        List.of("training.layerwise_lr_decay=0.5", "training.l2_sp=0.1"))
                .training();
        try (NDManager manager = Torch.manager(-1)) {
            NDArray head = manager.create(new float[] {1});
            NDArray table = manager.create(new float[] {2});
            List<ParameterGradient> parameters = List.of(
                    new ParameterGradient(
                            new Parameter("table", table, Kind.EMBEDDING, true, false), manager.create(1f), 2),
                    new ParameterGradient(new Parameter("head", head, Kind.LINEAR, true, true), manager.create(1f), 0));
            Optimizer optimizer = OptimizerKind.of(training).create(manager, training, parameters);
            double expected = 2;
            for (int step = 1; step <= 3; step++) {
                parameters.forEach(parameter -> write(parameter.gradient().dense(), 7));
                optimizer.step(manager, step, 0.1, 1);
                // Equal gradients move a parameter by the learning rate.
                expected -= 0.1 * 0.25;
                expected -= 0.1 * 0.25 * 0.1 * (expected - 2);
            }
            assertThat((double) head.getFloat()).isCloseTo(1 - 3 * 0.1, within(1e-5));
            assertThat((double) table.getFloat()).isCloseTo(expected, within(1e-5));
            assertThat(optimizer.state()).hasSize(4);
            assertThat(OptimizerKind.of(training).stateBytes(5, 0)).isEqualTo(3 * 5 * Float.BYTES);
        }
    }

    /** Compares the rates with the parameter groups of {@code peft.optimizers.create_loraplus_optimizer}. */
    @Test
    void appliesTheLoraPlusRatioToLoraB() {
        TrainingConfig training = RunConfigLoader.parse(
                        "{model: m, task: causal-lm, method: {type: lora}, data: {train: t}, output: {dir: o}}",
                        "test",
                        List.of("training.loraplus_lr_ratio=16"))
                .training();
        try (NDManager manager = Torch.manager(-1)) {
            List<ParameterGradient> parameters = new ArrayList<>();
            for (String name : List.of("q.lora_A", "q.lora_B", "q.lora_magnitude", "score.weight", "score.bias")) {
                Kind kind = name.endsWith("bias") ? Kind.BIAS : Kind.LINEAR;
                Parameter parameter = new Parameter(name, manager.create(new float[] {1}), kind, true, true);
                parameters.add(new ParameterGradient(parameter, manager.create(new float[] {7}), 0));
            }
            OptimizerKind.of(training).create(manager, training, parameters).step(manager, 1, 1e-3, 1);
            double[] moved = parameters.stream()
                    .mapToDouble(trained -> (1 - trained.parameter().value().getFloat()) / 1e-3)
                    .toArray();
            assertThat(moved).containsExactly(new double[] {1, 16, 16, 1, 16}, within(1e-2));
        }
    }

    @Test
    void namesItsStateInACheckpointAndPlansItsSize() {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            NDArray weight = manager.create(new float[5]);
            OptimizerKind kind = OptimizerKind.of(TRAINING);
            Optimizer optimizer = kind.create(
                    manager,
                    TRAINING,
                    List.of(new ParameterGradient(
                            new Parameter("w", weight, Kind.LINEAR, true, false), weight.duplicate(), 0)));
            assertThat(optimizer.state().keySet()).containsExactly("exp_avg.w", "exp_avg_sq.w");
            assertThat(optimizer.state().values().stream()
                            .mapToLong(state -> state.size() * Float.BYTES)
                            .sum())
                    .isEqualTo(kind.stateBytes(5, 0));
        }
    }
}
