package io.github.sparkfinetune.core.optim;

import static io.github.sparkfinetune.core.optim.TensorMemory.floats;
import static io.github.sparkfinetune.core.optim.TensorMemory.randomize;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.arch.WeightSpec.Kind;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.tensor.Torch;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SharedUpdateTest {
    private static final long[][] SHAPES = {{3}, {37, 19}, {1, 1}, {500}, {64, 48}, {7}};

    @BeforeEach
    void start() {
        Torch.start(1);
    }

    private static List<ParameterGradient> parameters(NDManager manager) {
        List<ParameterGradient> parameters = new ArrayList<>();
        for (int i = 0; i < SHAPES.length; i++) {
            NDArray value = manager.zeros(new Shape(SHAPES[i]));
            parameters.add(new ParameterGradient(
                    new Parameter("p" + i, value, i % 2 == 0 ? Kind.LINEAR : Kind.BIAS, true, false),
                    value.zerosLike(),
                    i % 3));
            randomize(value, i);
        }
        return parameters;
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 7, 64})
    void updatesEveryValueToTheSameBitsByShares(int ranks) throws Exception {
        TrainingConfig training = RunConfigLoader.parse(
                        "{model: m, task: classification, data: {train: t}, output: {dir: o}}",
                        "test",
                        List.of(
                                "training.layerwise_lr_decay=0.9",
                                "training.l2_sp=0.1",
                                "training.weight_decay=0.01",
                                "training.adam_epsilon=1.0e-6"))
                .training();
        try (NDManager manager = Torch.manager(-1)) {
            List<ParameterGradient> whole = parameters(manager);
            List<ParameterGradient> cut = parameters(manager);
            OptimizerKind kind = OptimizerKind.of(training);
            Optimizer reference = kind.create(manager, training, whole);
            List<Optimizer> parts = new ArrayList<>();
            for (List<ParameterGradient> share : ParameterShares.of(manager, cut, ranks)) {
                parts.add(kind.create(manager, training, share));
            }
            for (int step = 1; step <= 5; step++) {
                for (int i = 0; i < whole.size(); i++) {
                    randomize(whole.get(i).gradient().dense(), 100L * step + i);
                    randomize(cut.get(i).gradient().dense(), 100L * step + i);
                }
                reference.step(manager, step, 1e-2, 1.7);
                for (Optimizer part : parts) {
                    part.step(manager, step, 1e-2, 1.7);
                }
                for (int i = 0; i < whole.size(); i++) {
                    assertThat(floats(cut.get(i).parameter().value()))
                            .as("p%d after step %d", i, step)
                            .isEqualTo(floats(whole.get(i).parameter().value()));
                }
            }
        }
    }

    @Test
    void namesAPartByItsRange() throws Exception {
        try (NDManager manager = Torch.manager(-1)) {
            List<String> names = ParameterShares.of(manager, parameters(manager), 2).stream()
                    .flatMap(List::stream)
                    .map(share -> share.parameter().name())
                    .toList();
            assertThat(names).containsExactly("p0", "p1", "p2", "p3", "p4[0:928]", "p4[928:3072]", "p5");
        }
    }
}
