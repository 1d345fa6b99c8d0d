package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.ModelGoldenTest.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.adapter.AdapterFile;
import io.github.sparkfinetune.core.adapter.LoraSettings;
import io.github.sparkfinetune.core.adapter.ModelModules;
import io.github.sparkfinetune.core.adapter.PeftAdapter;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.model.weight.Adaptation.Storage;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.optim.DenseGradient;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.plan.PrivateSteps;
import io.github.sparkfinetune.core.plan.StepPlan;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.train.sample.PrivateGradient;
import io.github.sparkfinetune.core.train.step.TrainStep;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Every golden adapter has PEFT's logits, loss, gradients and ten steps; so has an adapter on a 4-bit model. */
class PeftGoldenTest {
    @TempDir
    Path dir;

    @TestFactory
    Stream<DynamicTest> computesLogits() {
        return adapters("logits", (golden, folder) -> {
            try (NDManager owner = golden.manager.newSubManager()) {
                golden.compareLogits(owner, 1e-4);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> computesLossAndGradients() {
        return adapters("gradients", (golden, folder) -> compareGradients(golden));
    }

    @TestFactory
    Stream<DynamicTest> computesTenSteps() {
        return adapters("10 steps", (golden, folder) -> {
            TrainStep step = golden.step(new SingleRank());
            float[] losses = GoldenFiles.floats(golden.expected, "losses10");
            float[] norms = GoldenFiles.floats(golden.expected, "grad_norms10");
            Map<String, float[]> frozen = TinyModel.frozen(golden.model);
            for (int i = 0; i < 10; i++) {
                TrainStep.Outcome outcome = step.gradient(i, List.of(golden.samples), false, () -> false, () -> {});
                assertThat(outcome.loss()).as("loss of step %d", i).isCloseTo(losses[i], within(1e-4));
                // Relative above 5: PEFT in F64 differs from PEFT in F32 by 1e-4 if the norm is 10.
                assertThat(outcome.gradNorm())
                        .as("norm of step %d", i)
                        .isCloseTo(norms[i], within(1e-4 * Math.max(1, norms[i] / 5)));
                step.update(i + 1, 1e-3, outcome.gradNorm());
            }
            Map<String, String> keys = keys(golden);
            for (Parameter parameter : golden.model.parameters()) {
                if (parameter.trainable()) {
                    String key = keys.get(parameter.name());
                    compareStep(
                            key,
                            parameter.value().toFloatArray(),
                            GoldenFiles.floats(golden.expected, "step10." + key),
                            GoldenFiles.floats(golden.expected, "grad." + key));
                }
            }
            TinyModel.assertFrozen(golden.model, frozen);
        });
    }

    private static void compareStep(String key, float[] actual, float[] expected, float[] gradient) {
        for (int i = 0; i < actual.length; i++) {
            double tolerance = Math.abs(gradient[i]) > 1e-5 ? 1e-5 : 6e-3;
            if (!(Math.abs(actual[i] - expected[i]) <= tolerance)) {
                assertThat((double) actual[i])
                        .as("%s[%d] after 10 steps", key, i)
                        .isCloseTo(expected[i], within(tolerance));
            }
        }
    }

    /** Compares an adapter on a 4-bit checkpoint that transformers saved. */
    @TestFactory
    Stream<DynamicTest> computesLogitsAndGradientsOf4BitModels() {
        return GoldenFiles.folders("nf4").stream()
                .map(folder -> DynamicTest.dynamicTest(folder.getFileName() + ": logits and gradients", () -> {
                    Path adapter = GoldenFiles.root().resolve("peft/lora-qv");
                    try (GoldenModel golden = load(folder, folder, adapter, Storage.NF4_DOUBLE)) {
                        try (NDManager owner = golden.manager.newSubManager()) {
                            golden.compareLogits(owner, 1e-4);
                        }
                        compareGradients(golden);
                    }
                    // Quantising the model in full precision gives the same codes.
                    Path full = GoldenFiles.root().resolve("models/llama-tied");
                    try (GoldenModel golden = load(full, folder, adapter, Storage.NF4_DOUBLE)) {
                        compareGradients(golden);
                    }
                }));
    }

    /** Half of the samples' gradients are clipped. */
    @Test
    void sumsClippedGradientsLikeOpacus() throws Exception {
        Path folder = GoldenFiles.root().resolve("peft/bert-lora-qv");
        Path model = GoldenFiles.root().resolve("models/bert-seqcls");
        try (GoldenModel golden = load(model, folder, folder, Storage.F32);
                SafetensorsFile expected = SafetensorsFile.open(folder.resolve("private.safetensors"))) {
            float most = GoldenFiles.floats(expected, "max_grad_norm")[0];
            RunConfig config = TinyDecoder.config(
                    "method.type=lora",
                    "output.dir=" + dir.toUri(),
                    "training.privacy.noise_multiplier=1.0e-9",
                    "training.privacy.max_grad_norm=" + most);
            TrainStep step = golden.step(new SingleRank());
            StepPlan plan = new StepPlan(golden.samples.size(), golden.samples.size(), 1);
            PrivateSteps steps =
                    PrivateSteps.of(config, plan, 0, new SingleRank(), new Configuration(false), 1, () -> 1);
            step.use(new PrivateGradient(step.parts(), steps));

            step.gradient(0, List.of(golden.samples), false, () -> false, () -> {});

            Map<String, String> keys = keys(golden);
            for (ParameterGradient trained : step.gradients().parameters()) {
                String key = keys.get(trained.parameter().name());
                assertClose(
                        "clipped sum of " + key,
                        DenseGradient.values(trained),
                        GoldenFiles.floats(expected, "sum." + key),
                        1e-5);
            }
        }
    }

    private static void compareGradients(GoldenModel golden) {
        TrainStep step = golden.step(new SingleRank());
        TrainStep.Outcome outcome = step.gradient(0, List.of(golden.samples), false, () -> false, () -> {});
        assertThat(outcome.loss()).isCloseTo(GoldenFiles.floats(golden.expected, "loss")[0], within(1e-5));
        Map<String, float[]> gradients = new LinkedHashMap<>();
        Map<String, String> keys = keys(golden);
        for (ParameterGradient trained : step.gradients().parameters()) {
            gradients.put(keys.get(trained.parameter().name()), DenseGradient.values(trained));
        }
        List<String> names = golden.expected.names().stream()
                .filter(name -> name.startsWith("grad."))
                .map(name -> name.substring("grad.".length()))
                .toList();
        assertThat(gradients.keySet()).containsExactlyInAnyOrderElementsOf(names);
        gradients.forEach((name, gradient) -> assertClose(
                "gradient of " + name, gradient, GoldenFiles.floats(golden.expected, "grad." + name), 1e-5));
    }

    /**
     * Returns PEFT's names of the parameters. A linear with an adapter is the {@code base_layer} of a module of its
     * name.
     */
    private static Map<String, String> keys(GoldenModel golden) {
        List<String> names =
                golden.model.parameters().stream().map(Parameter::name).toList();
        Set<String> adapted = names.stream()
                .filter(name -> name.endsWith(PeftAdapter.LORA_A))
                .map(name -> name.substring(0, name.length() - PeftAdapter.LORA_A.length()))
                .collect(Collectors.toSet());
        Map<String, String> keys = new HashMap<>();
        for (String name : names) {
            int dot = name.lastIndexOf('.');
            String module = name.substring(0, dot);
            String stored = name;
            if (name.endsWith(PeftAdapter.LORA_MAGNITUDE)) {
                stored = module + ".lora_magnitude_vector";
            } else if (name.endsWith(PeftAdapter.LORA_A) || name.endsWith(PeftAdapter.LORA_B)) {
                stored = name + ".weight";
            } else if (adapted.contains(module)) {
                stored = module + ".base_layer" + name.substring(dot);
            }
            keys.put(name, "base_model.model." + stored);
        }
        return keys;
    }

    /** Compares the keys of gradients with those of the adapter's file. */
    @Test
    void namesBiasesOfAdaptedLinearsAsInTheFile() {
        Path folder = GoldenFiles.root().resolve("models/qwen2");
        LoraSettings settings = LoraSettings.of(
                TinyDecoder.config("method.type=lora", "method.bias=lora_only").method(),
                Architectures.of(HfConfig.read(folder)),
                "CAUSAL_LM",
                "base");
        try (GoldenModel golden = GoldenModel.load(
                folder,
                folder,
                (config, source) -> Adaptation.of(
                        settings,
                        ModelModules.linears(Architectures.of(config), HeadKind.CAUSAL_LM, source),
                        Optional.empty(),
                        Storage.AS_STORED,
                        1))) {
            Map<String, String> keys = keys(golden);
            Map<String, TensorData> trained = new HashMap<>();
            Device device = Device.of(golden.manager);
            golden.model.parameters().stream()
                    .filter(Parameter::trainable)
                    .forEach(parameter -> trained.put(
                            parameter.name(),
                            TensorData.f32(parameter.name(), parameter.shape(), device.read(parameter.value()))));

            assertThat(trained.keySet().stream().map(keys::get))
                    .contains("base_model.model.model.layers.0.self_attn.q_proj.base_layer.bias")
                    .containsExactlyInAnyOrderElementsOf(AdapterFile.entries(settings, trained).stream()
                            .map(TensorData::name)
                            .toList());
        }
    }

    private static GoldenModel load(Path base, Path numbers, Path folder, Storage storage) {
        PeftAdapter adapter = AdapterFile.read(folder);
        return GoldenModel.load(
                base,
                numbers,
                (config, source) -> Adaptation.of(
                        adapter.settings(),
                        ModelModules.linears(
                                Architectures.of(config), GoldenFiles.head(base).orElse(HeadKind.CAUSAL_LM), source),
                        Optional.of(adapter),
                        storage,
                        2));
    }

    private interface Check {
        void run(GoldenModel golden, Path folder);
    }

    private static Stream<DynamicTest> adapters(String what, Check check) {
        List<DynamicTest> tests = new ArrayList<>();
        for (Path folder : GoldenFiles.folders("peft")) {
            String base = AdapterFile.read(folder).settings().base().baseModelNameOrPath();
            tests.add(DynamicTest.dynamicTest(folder.getFileName() + ": " + what, () -> {
                try (GoldenModel golden = load(GoldenFiles.root().resolve(base), folder, folder, Storage.AS_STORED)) {
                    check.run(golden, folder);
                }
            }));
        }
        return tests.stream();
    }
}
