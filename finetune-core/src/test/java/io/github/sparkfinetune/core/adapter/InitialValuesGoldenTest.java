package io.github.sparkfinetune.core.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.net.URISyntaxException;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Adapters initialized by PiSSA or LoftQ have PEFT's initial and final values ({@code adapter-init/}). */
class InitialValuesGoldenTest {
    private static final int R = 4;
    private static final Offset<Float> TOLERANCE = Offset.offset(1e-5f);

    @BeforeAll
    static void startTorch() {
        Torch.start(1);
    }

    private static SafetensorsFile reference(String name) {
        try {
            return SafetensorsFile.open(Path.of(InitialValuesGoldenTest.class
                    .getResource("/adapter-init/" + name)
                    .toURI()));
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static MethodConfig method(String type, String init, int alpha, String... more) {
        List<String> settings = new ArrayList<>(List.of(
                "method.type=" + type,
                "method.init_lora_weights=" + init,
                "method.r=" + R,
                "method.lora_alpha=" + alpha,
                "method.target_modules=all-linear"));
        Stream.of(more).map(setting -> "method." + setting).forEach(settings::add);
        return RunConfigLoader.parse(
                        "{model: base, task: causal-lm, data: {train: none}, output: {dir: none}}", "test", settings)
                .method();
    }

    /** Adapters of a golden model by the names of their linears. */
    private record Adapted(
            Architecture architecture, SafetensorsModel source, MethodConfig method, Map<String, LoraModule> modules)
            implements AutoCloseable {

        static Adapted of(String model, MethodConfig method) {
            Path folder = GoldenFiles.root().resolve("models").resolve(model);
            Architecture architecture = Architectures.of(HfConfig.read(folder));
            SafetensorsModel source = SafetensorsModel.open(folder);
            LoraSettings settings = LoraSettings.of(method, architecture, "CAUSAL_LM", "base");
            Map<String, LoraModule> modules = new LinkedHashMap<>();
            LoraTargets.match(settings, ModelModules.linears(architecture, HeadKind.CAUSAL_LM, source))
                    .forEach(module -> modules.put(module.module().name(), module));
            return new Adapted(architecture, source, method, modules);
        }

        Map<String, TensorData> values(LoraModule module) {
            Map<String, TensorData> tensors = new LinkedHashMap<>();
            try (NDManager manager = Torch.manager(-1);
                    InitialValues values = new InitialValues(method, 1, 1, source, architecture.prefix(), manager)) {
                values.of(module).forEach(tensor -> tensors.put(tensor.name(), tensor));
            }
            return tensors;
        }

        float[] weight(LoraModule module, TensorSource from) {
            float[] weight = new float[module.module().in() * module.module().out()];
            from.floats(module.module().weight(), 0, FloatBuffer.wrap(weight));
            return weight;
        }

        @Override
        public void close() {
            source.close();
        }
    }

    private static float[] floats(TensorData tensor) {
        FloatBuffer buffer = tensor.floats();
        float[] values = new float[buffer.remaining()];
        buffer.get(values);
        return values;
    }

    /** Returns B A [out, in], times a factor. */
    private static float[] product(LoraModule module, Map<String, TensorData> tensors, double factor) {
        float[] a = floats(tensors.get(module.a()));
        float[] b = floats(tensors.get(module.b()));
        int in = module.module().in();
        float[] product = new float[module.module().out() * in];
        for (int row = 0; row < module.module().out(); row++) {
            for (int column = 0; column < in; column++) {
                double sum = 0;
                for (int k = 0; k < module.r(); k++) {
                    sum += (double) b[row * module.r() + k] * a[k * in + column];
                }
                product[row * in + column] = (float) (factor * sum);
            }
        }
        return product;
    }

    static Stream<Arguments> linears() {
        return Stream.of("pissa." + R, "pissa." + 3 * R, "loftq.False", "loftq.True")
                .flatMap(init -> Stream.of(
                        Arguments.of(init, "llama-tied", "model.layers.0.self_attn.q_proj"),
                        Arguments.of(init, "llama-tied", "model.layers.1.mlp.down_proj"),
                        Arguments.of(init, "gpt2", "transformer.h.0.attn.c_attn"),
                        Arguments.of(init, "gpt2", "transformer.h.1.mlp.c_proj")));
    }

    @ParameterizedTest
    @MethodSource("linears")
    void initializesAsPeftDoes(String init, String model, String linear) {
        boolean pissa = init.startsWith("pissa");
        MethodConfig method = pissa
                ? method("lora", "pissa", Integer.parseInt(init.substring("pissa.".length())))
                : method("qlora", "loftq", 3 * R, "bnb_4bit_use_double_quant=" + init.endsWith("True"));
        try (SafetensorsFile expected = reference("inits.safetensors");
                Adapted adapted = Adapted.of(model, method)) {
            LoraModule module = adapted.modules().get(linear);
            Map<String, TensorData> tensors = adapted.values(module);
            String key = init + "." + model + "." + linear;
            // PEFT's LoftQ omits the scaling: with scaling, the model starts where PEFT's does for lora_alpha = r.
            double factor = pissa ? 1 : module.scaling();
            assertThat(product(module, tensors, factor))
                    .containsExactly(GoldenFiles.floats(expected, key + ".product"), TOLERANCE);
            TensorSource base = new InitialAdapter(tensors, method.isPissa())
                    .base(adapted.source(), adapted.architecture().prefix(), List.of(module));
            float[] left =
                    pissa ? GoldenFiles.floats(expected, key + ".residual") : adapted.weight(module, adapted.source());
            assertThat(adapted.weight(module, base)).containsExactly(left, TOLERANCE);
        }
    }

    @Test
    void approximatesTheWholeDecompositionByIterations() {
        try (Adapted exact = Adapted.of("llama-tied", method("lora", "pissa", R));
                Adapted fast = Adapted.of("llama-tied", method("lora", "pissa_niter_8", R))) {
            exact.modules().forEach((name, module) -> {
                double least = distance(exact, module);
                assertThat(distance(fast, module)).as(name).isBetween(least * (1 - 1e-6), least * 1.02);
            });
        }
    }

    /** Returns the Frobenius norm of the weight less B A. */
    private static double distance(Adapted adapted, LoraModule module) {
        float[] weight = adapted.weight(module, adapted.source());
        float[] product = product(module, adapted.values(module), module.scaling());
        double squares = 0;
        for (int i = 0; i < weight.length; i++) {
            squares += Math.pow(weight[i] - product[i], 2);
        }
        return Math.sqrt(squares);
    }

    @Test
    void drawsGaussianAWithPeftsVarianceAndZeroB() {
        try (Adapted adapted = Adapted.of("llama-tied", method("lora", "gaussian", R))) {
            double squares = 0;
            int count = 0;
            for (LoraModule module : adapted.modules().values()) {
                Map<String, TensorData> tensors = adapted.values(module);
                assertThat(floats(tensors.get(module.b()))).containsOnly(0);
                for (float value : floats(tensors.get(module.a()))) {
                    squares += value * value;
                    count++;
                }
            }
            // N(0, 1/r²): the mean of n squares has the standard deviation √(2/n)/r².
            double variance = 1.0 / (R * R);
            assertThat(squares / count).isCloseTo(variance, Offset.offset(5 * variance * Math.sqrt(2.0 / count)));
        }
    }

    @ParameterizedTest
    @CsvSource({"false, converted.safetensors", "true, converted-rslora.safetensors"})
    void convertsAPissaAdapterAsPeftDoes(boolean rslora, String file) {
        MethodConfig method = method("lora", "pissa", 3 * R, "use_rslora=" + rslora);
        try (SafetensorsFile expected = reference(file);
                Adapted adapted = Adapted.of("llama-tied", method)) {
            LoraSettings settings = LoraSettings.of(method, adapted.architecture(), "CAUSAL_LM", "base");
            Map<String, TensorData> plain =
                    new InitialAdapter(tensors(expected, "initial."), true).plain(tensors(expected, "trained."));
            LoraSettings twice = new InitialAdapter(Map.of(), true).plain(settings);
            assertThat(twice.ranks().r()).isEqualTo(2 * R);
            assertThat(twice.ranks().loraAlpha()).isEqualTo(3 * R * (rslora ? Math.sqrt(2) : 2), Offset.offset(1e-12));
            Map<String, TensorData> reference = tensors(expected, "converted.");
            assertThat(plain).isNotEmpty().hasSameSizeAs(reference);
            reference.forEach((name, tensor) -> {
                assertThat(plain.get(name).shape()).as(name).isEqualTo(tensor.shape());
                assertThat(floats(plain.get(name))).as(name).isEqualTo(floats(tensor));
            });
        }
    }

    /** Returns the tensors of a PEFT adapter by the names that this library uses. */
    private static Map<String, TensorData> tensors(SafetensorsFile file, String prefix) {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        file.names().stream().filter(name -> name.startsWith(prefix)).forEach(name -> {
            String renamed =
                    name.substring(prefix.length() + "base_model.model.".length(), name.length() - ".weight".length());
            tensors.put(renamed, TensorData.of(renamed, file, name));
        });
        return tensors;
    }

    @Test
    void readsTheSameResidualInPartsAndWhole() {
        try (Adapted adapted = Adapted.of("llama-tied", method("lora", "pissa", R))) {
            LoraModule module = adapted.modules().values().iterator().next();
            Map<String, TensorData> tensors = adapted.values(module);
            TensorSource base = new InitialAdapter(tensors, true)
                    .base(adapted.source(), adapted.architecture().prefix(), List.of(module));
            float[] whole = adapted.weight(module, base);
            float[] part = new float[10];
            base.floats(module.module().weight(), module.module().in() + 3L, FloatBuffer.wrap(part));
            for (int i = 0; i < part.length; i++) {
                assertThat(part[i]).isEqualTo(whole[module.module().in() + 3 + i]);
            }
            assertThat(base.buffer(module.module().weight(), 40, 8)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .getFloat(4))
                    .isEqualTo(whole[11]);
            assertThat(base.localPlace(module.module().weight())).isEmpty();
        }
    }

    @Test
    void refusesARankAboveTheSizeOfTheLinear() {
        try (Adapted adapted = Adapted.of("llama-tied", method("lora", "pissa", R, "r=4096"))) {
            LoraModule module = adapted.modules().values().iterator().next();
            assertThatThrownBy(() -> adapted.values(module))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("method.init_lora_weights: pissa needs a rank of at most ")
                    .hasMessageContaining(", it is 4096");
        }
    }
}
