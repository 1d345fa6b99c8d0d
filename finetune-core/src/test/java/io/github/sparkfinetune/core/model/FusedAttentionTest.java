package io.github.sparkfinetune.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Gradients of a decoder whose attention PyTorch differentiates, or computes by matrix products, equal those of the
 * fused kernel.
 */
class FusedAttentionTest {
    private static final List<Sample> SAMPLES = List.of(sample(0, 5, 19, 1), sample(1, 12), sample(2, 2, 8, 8));

    private static Sample sample(int index, int... lengths) {
        int tokens = Arrays.stream(lengths).sum();
        int[] ids = new SplittableRandom(index).ints(tokens, 5, 300).toArray();
        return Sample.ofDocuments(index, ids, ids, lengths);
    }

    @ParameterizedTest
    @CsvSource({
        "llama-untied, method.type=full",
        "mistral, method.type=full",
        "llama-tied, method.type=lora",
        "qwen2, method.type=lora method.target_modules=all-linear method.lora_dropout=0.2 method.bias=all",
        "mistral, method.type=lora method.use_dora=true method.target_modules=all-linear method.lora_dropout=0.1",
        "llama-tied, method.type=qlora",
    })
    void equalsTheGradientsOfTheFusedKernel(String name, String settings) {
        Map<String, float[]> expected = gradients(name, settings, MatmulBackend.f32(), AttentionKernel.FUSED);
        assertClose(gradients(name, settings, MatmulBackend.f32(), AttentionKernel.PYTORCH), expected);
        assertClose(gradients(name, settings, MatmulBackend.f32(), AttentionKernel.MATRICES), expected);
    }

    /** In BF16, PyTorch's attention reads shared heads and gradients without copies, as on a GPU. */
    @ParameterizedTest
    @CsvSource({
        "llama-untied, method.type=full",
        "mistral, method.type=full",
        "llama-tied, method.type=lora method.target_modules=all-linear method.lora_dropout=0.1",
        "mistral, method.type=lora method.use_dora=true method.target_modules=all-linear",
    })
    void isCloseToTheFusedKernelInBf16(String name, String settings) {
        Map<String, float[]> expected = gradients(name, settings, MatmulBackend.f32(), AttentionKernel.FUSED);
        Map<String, float[]> actual = gradients(name, settings, MatmulBackend.BF16, AttentionKernel.PYTORCH);
        assertThat(actual.keySet()).isEqualTo(expected.keySet()).hasSizeGreaterThan(4);
        expected.forEach((parameter, values) -> {
            double error = 0;
            double size = 0;
            for (int i = 0; i < values.length; i++) {
                error += Math.pow(actual.get(parameter)[i] - values[i], 2);
                size += Math.pow(values[i], 2);
            }
            assertThat(Math.sqrt(error / size)).as(parameter).isLessThan(0.12);
        });
    }

    private static void assertClose(Map<String, float[]> actual, Map<String, float[]> expected) {
        assertThat(actual.keySet()).isEqualTo(expected.keySet()).hasSizeGreaterThan(4);
        expected.forEach((parameter, values) -> {
            float largest = 0;
            for (float value : values) {
                largest = Math.max(largest, Math.abs(value));
            }
            assertThat(largest).as(parameter).isPositive();
            for (int i = 0; i < values.length; i++) {
                assertThat((double) actual.get(parameter)[i])
                        .as("%s[%d]", parameter, i)
                        .isCloseTo(values[i], within(1e-5 * Math.max(1, largest)));
            }
        });
    }

    /**
     * Returns the gradients of two micro-batches by parameter name, and the last micro-batch's gradient of the
     * embedding rows.
     */
    private static Map<String, float[]> gradients(
            String name, String settings, MatmulBackend matmul, AttentionKernel attention) {
        Torch.start(1);
        Path folder = GoldenFiles.root().resolve("models").resolve(name);
        HfConfig config = HfConfig.read(folder);
        Map<String, float[]> values = new LinkedHashMap<>();
        try (NDManager manager = Torch.manager(-1);
                SafetensorsModel source = SafetensorsModel.open(folder)) {
            Decoder model = Decoder.load(
                    manager,
                    matmul,
                    Architectures.decoder(config),
                    source,
                    HeadKind.CAUSAL_LM,
                    0,
                    adaptation(settings, config, source),
                    1,
                    attention,
                    Decoder.NO_TEXT_TOKEN);
            randomizeLoraB(model);
            Map<Block, List<NDArray>> gradients = new LinkedHashMap<>();
            for (Block block : model.blocks()) {
                List<NDArray> zeros = block.trainable().stream()
                        .map(parameter -> manager.zeros(parameter.value().getShape()))
                        .toList();
                gradients.put(block, zeros);
            }
            NDArray rows = null;
            for (int micro = 0; micro < 2; micro++) {
                rows = backward(manager, model, micro, gradients);
            }
            values.put("rows", rows.toFloatArray());
            gradients.forEach((block, tensors) -> {
                for (int i = 0; i < tensors.size(); i++) {
                    values.put(block.trainable().get(i).name(), tensors.get(i).toFloatArray());
                }
            });
        }
        return values;
    }

    private static Adaptation adaptation(String settings, HfConfig config, SafetensorsModel source) {
        MethodConfig method = RunConfigLoader.parse(
                        "{model: base, task: causal-lm, data: {train: none}, output: {dir: none}}",
                        "test",
                        List.of(settings.split(" ")))
                .method();
        return Adaptation.of(method, config, HeadKind.CAUSAL_LM, source, "CAUSAL_LM", "base", Optional.empty(), 1);
    }

    /** Sets an adapter's B to random values. At first B is zero, which hides the gradients of A. */
    static void randomizeLoraB(Model model) {
        for (Parameter parameter : model.parameters()) {
            if (parameter.trainable() && parameter.name().endsWith(".lora_B")) {
                ByteBuffer bytes = ByteBuffer.allocateDirect((int) parameter.size() * Float.BYTES)
                        .order(ByteOrder.nativeOrder());
                normal(bytes.asFloatBuffer(), parameter.name().hashCode());
                model.script().write(parameter.value(), bytes);
            }
        }
        model.updated();
    }

    private static NDArray backward(NDManager manager, Decoder model, int micro, Map<Block, List<NDArray>> gradients) {
        Batch batch = model.batch(manager, SAMPLES.subList(micro, 3));
        DropoutMasks masks = DropoutMasks.of(7, 1);
        masks.step(micro);
        NDArray x = model.lookup(manager, batch);
        List<Tape> tapes = new ArrayList<>();
        for (Block block : model.blocks()) {
            Tape tape = model.record(manager, model.call(block, x, batch, masks), true);
            tapes.add(tape);
            x = tape.output();
        }
        float[] upstream = new float[(int) x.size()];
        normal(FloatBuffer.wrap(upstream), 3);
        NDArray g = manager.create(upstream, new Shape(x.getShape().getShape()));
        for (int i = tapes.size() - 1; i >= 0; i--) {
            g = tapes.get(i)
                    .backward(manager, g, gradients.get(model.blocks().get(i)), micro > 0)
                    .orElseThrow();
        }
        return g;
    }

    private static void normal(FloatBuffer target, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        while (target.hasRemaining()) {
            target.put((float) random.nextGaussian() / 4);
        }
    }
}
