package io.github.sparkfinetune.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.arch.llama.Gemma3;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.model.weight.Trainable;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Noise has NEFTune's size, and depends on the sample, not on its position in a batch. */
class NeftuneNoiseTest {
    private static final double ALPHA = 5;
    private static final int WIDTH = 31;

    @BeforeAll
    static void startTorch() {
        Torch.start(1);
    }

    private static Sample sample(int index, int length) {
        return new Sample(index, new int[length], new int[length], 0);
    }

    private static NeftuneNoise noise(long seed, long step) {
        NeftuneNoise noise = new NeftuneNoise(RunConfigLoader.parse(
                        "{model: base, task: causal-lm, data: {train: none}, output: {dir: none}}",
                        "test",
                        List.of("training.neftune_noise_alpha=" + ALPHA, "training.seed=" + seed))
                .training());
        noise.step(step);
        return noise;
    }

    private static float[] noised(NeftuneNoise noise, NDManager manager, Sample... samples) {
        Batch batch = TokenBatch.of(manager, List.of(samples));
        NDArray rows = manager.zeros(batch.ids().getShape().add(WIDTH));
        noise.add(manager, rows, batch, 1);
        return rows.toFloatArray();
    }

    @Test
    void isUniformWithinTheBound() {
        try (NDManager manager = Torch.manager(-1)) {
            float[] noise = noised(noise(1, 0), manager, sample(0, 400), sample(1, 512));
            for (int row = 0; row < 2; row++) {
                int length = row == 0 ? 400 : 512;
                double bound = ALPHA / Math.sqrt(length * WIDTH);
                float[] values = Arrays.copyOfRange(noise, row * 400 * WIDTH, (row * 400 + length) * WIDTH);
                double mean = 0;
                double squares = 0;
                double largest = 0;
                for (float value : values) {
                    mean += value / values.length;
                    squares += value * value / values.length;
                    largest = Math.max(largest, Math.abs(value));
                }
                // A uniform number in ±b has variance b²/3, its square b⁴ 4/45; five standard deviations are allowed.
                assertThat(mean).isCloseTo(0, within(5 * bound / Math.sqrt(3.0 * values.length)));
                assertThat(squares)
                        .isCloseTo(bound * bound / 3, within(5 * bound * bound * Math.sqrt(4 / 45.0 / values.length)));
                assertThat(largest).isBetween(0.999 * bound, bound);
            }
        }
    }

    @Test
    void makesTheSameNoiseForASampleInAnyBatchButNotInOtherStepsOrSeeds() {
        try (NDManager manager = Torch.manager(-1)) {
            float[] alone = noised(noise(1, 3), manager, sample(5, 11));
            float[] among = noised(noise(1, 3), manager, sample(1, 40), sample(5, 11));
            assertThat(Arrays.copyOfRange(among, 40 * WIDTH, 51 * WIDTH))
                    .isEqualTo(Arrays.copyOfRange(alone, 0, 11 * WIDTH));
            assertThat(noised(noise(1, 4), manager, sample(5, 11))[0]).isNotEqualTo(alone[0]);
            assertThat(noised(noise(2, 3), manager, sample(5, 11))[0]).isNotEqualTo(alone[0]);
            assertThat(alone[0]).isNotEqualTo(alone[1]).isNotEqualTo(alone[WIDTH]);
        }
    }

    /**
     * Adds noise after scaling: the forward hook of transformers runs after the embedding module, where Gemma 3 scales.
     */
    @Test
    void addsNoiseAfterTheScaleOfTheEmbeddings() {
        Path folder = GoldenFiles.root().resolve("models/gemma3");
        try (NDManager manager = Torch.manager(-1);
                SafetensorsModel source = SafetensorsModel.open(folder)) {
            HfConfig config = HfConfig.read(folder);
            Decoder decoder =
                    Decoder.load(manager, MatmulBackend.f32(), config, source, Adaptation.of(Trainable.none()), 1);
            Batch batch = decoder.wholeBatch(manager, List.of(sample(0, 6), sample(1, 7)));
            int width = decoder.shape().hidden();
            NDArray rows = manager.zeros(new Shape(13, width));
            noise(1, 0).add(manager, rows, batch, decoder.tableScale());
            Block embeddings = decoder.blocks().get(0);
            float[] noised = decoder.forward(manager, embeddings, rows, batch, DropoutMasks.none())
                    .toFloatArray();
            double bound = ALPHA / Math.sqrt(6.0 * width);
            float[] first = Arrays.copyOf(noised, 6 * width);
            for (float value : first) {
                assertThat((double) Math.abs(value))
                        .isLessThanOrEqualTo(bound * (1 + 1e-6))
                        .isNotZero();
            }
            double largest = Math.max(
                    -Arrays.stream(doubles(first)).min().orElseThrow(),
                    Arrays.stream(doubles(first)).max().orElseThrow());
            assertThat(largest).isGreaterThan(0.95 * bound);
            assertThat(new Gemma3(config).isTableScaled()).isTrue();
        }
    }

    private static double[] doubles(float[] values) {
        double[] doubles = new double[values.length];
        Arrays.setAll(doubles, i -> values[i]);
        return doubles;
    }
}
