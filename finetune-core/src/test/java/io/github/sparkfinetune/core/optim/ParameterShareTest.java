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
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Torch;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ParameterShareTest {
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
    @ValueSource(ints = {1, 2, 3, 7, 64, 1000})
    void givesEveryValueToOneRankInAboutEqualShares(int ranks) {
        try (NDManager manager = Torch.manager(-1)) {
            List<ParameterGradient> parameters = parameters(manager);
            List<List<ParameterShare>> shares = ParameterShare.of(parameters, ranks, AdamW.STRETCH);
            assertThat(shares).hasSize(ranks);
            long[] next = new long[SHAPES.length];
            long total = 0;
            for (List<ParameterShare> ofRank : shares) {
                for (ParameterShare share : ofRank) {
                    long size = share.trained().parameter().size();
                    assertThat(share.from()).isEqualTo(next[share.index()]).isLessThan(share.to());
                    assertThat(share.from() % AdamW.STRETCH).isZero();
                    assertThat(share.to() == size || share.to() % AdamW.STRETCH == 0)
                            .isTrue();
                    next[share.index()] = share.to();
                    total += share.to() - share.from();
                }
            }
            long all = parameters.stream()
                    .mapToLong(trained -> trained.parameter().size())
                    .sum();
            assertThat(total).isEqualTo(all);
            for (List<ParameterShare> ofRank : shares) {
                long count = ofRank.stream()
                        .mapToLong(share -> share.to() - share.from())
                        .sum();
                assertThat(Math.abs(count - all / ranks)).isLessThanOrEqualTo(2 * AdamW.STRETCH);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 7, 64})
    void updatesEveryValueToTheSameBitsByShares(int ranks) {
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
            ScriptModule script = ScriptModule.load(manager, List.of("core.tensor.tensors"), Map.of());
            OptimizerKind kind = OptimizerKind.of(training);
            Optimizer reference = kind.create(manager, training, whole);
            List<Optimizer> parts = ParameterShare.of(cut, ranks, AdamW.STRETCH).stream()
                    .map(shares -> kind.create(
                            manager,
                            training,
                            shares.stream()
                                    .map(share -> share.part(manager, script))
                                    .toList()))
                    .toList();
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
    void namesAPartByItsRange() {
        try (NDManager manager = Torch.manager(-1)) {
            List<ParameterGradient> parameters = parameters(manager);
            ScriptModule script = ScriptModule.load(manager, List.of("core.tensor.tensors"), Map.of());
            List<String> names = ParameterShare.of(parameters, 2, AdamW.STRETCH).stream()
                    .flatMap(List::stream)
                    .map(share -> share.part(manager, script).parameter().name())
                    .toList();
            assertThat(names).containsExactly("p0", "p1", "p2", "p3", "p4[0:928]", "p4[928:3072]", "p5");
        }
    }
}
