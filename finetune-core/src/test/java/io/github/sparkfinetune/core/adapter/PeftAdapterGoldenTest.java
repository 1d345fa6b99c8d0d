package io.github.sparkfinetune.core.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.checkpoint.HfFolderWriter;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Adapters saved by PEFT are read, matched to their base, merged and written again. */
class PeftAdapterGoldenTest {
    private static final Offset<Float> TOLERANCE = Offset.offset(1e-5f);
    private static final String MERGED = "merged.";

    @TempDir
    Path temp;

    static List<Path> adapters() {
        return GoldenFiles.folders("peft");
    }

    private static Path base(Path folder) {
        String base =
                GoldenFiles.json(folder.resolve("expected.json")).get("base").asText();
        return GoldenFiles.root().resolve("models").resolve(base);
    }

    private static HeadKind head(Path folder) {
        return GoldenFiles.head(base(folder)).orElseThrow();
    }

    private static List<LinearModule> linears(Path folder, TensorSource weights) {
        return ModelModules.linears(Architectures.of(HfConfig.read(base(folder))), head(folder), weights);
    }

    @ParameterizedTest
    @MethodSource("adapters")
    void assignsEveryTensorToALinearOrASavedModule(Path folder) {
        PeftAdapter adapter = AdapterFile.read(folder);
        try (SafetensorsModel weights = SafetensorsModel.open(base(folder));
                SafetensorsFile stored = SafetensorsFile.open(folder.resolve(AdapterFile.WEIGHTS))) {
            List<LoraModule> modules = adapter.modules(linears(folder, weights));
            int lora =
                    modules.stream().mapToInt(module -> module.dora() ? 3 : 2).sum();
            assertThat(modules).isNotEmpty();
            int rows = adapter.settings().alsoTrained().trainableTokenIndices().isEmpty() ? 0 : 1;
            assertThat(lora + rows + adapter.whole().size())
                    .isEqualTo(stored.names().size());
        }
    }

    @ParameterizedTest
    @MethodSource("adapters")
    void mergesToTheWeightsOfPeft(Path folder) {
        PeftAdapter adapter = AdapterFile.read(folder);
        Set<String> changed = new TreeSet<>();
        try (SafetensorsModel weights = SafetensorsModel.open(base(folder));
                SafetensorsFile expected = GoldenFiles.expected(folder)) {
            MergedWeights merged = new MergedWeights(
                    HfConfig.read(base(folder)), head(folder), weights, adapter, MethodConfig.lora(8, 8, null));
            for (TensorData tensor : merged.tensors()) {
                float[] values = floats(tensor);
                if (expected.names().contains(MERGED + tensor.name())) {
                    assertThat(values)
                            .as(tensor.name())
                            .containsExactly(GoldenFiles.floats(expected, MERGED + tensor.name()), TOLERANCE);
                    changed.add(MERGED + tensor.name());
                } else {
                    float[] before = new float[values.length];
                    weights.floats(tensor.name(), 0, FloatBuffer.wrap(before));
                    assertThat(values).as(tensor.name()).isEqualTo(before);
                }
            }
            assertThat(changed)
                    .isNotEmpty()
                    .containsExactlyElementsOf(new TreeSet<>(expected.names().stream()
                            .filter(name -> name.startsWith(MERGED))
                            .toList()));
        }
    }

    @ParameterizedTest
    @MethodSource("adapters")
    void writesTheSameAdapterAgain(Path folder) {
        PeftAdapter adapter = AdapterFile.read(folder);
        Path copy = temp.resolve("copy");
        HfFolderWriter writer = HfFolderWriter.once(
                "--output", new org.apache.hadoop.fs.Path(copy.toUri()), new Configuration(false), "test");
        ModelCard card = new ModelCard(
                "a/base",
                new ModelCard.Usage("text-generation", "model(\"some text\")"),
                "LlamaForCausalLM",
                List.of(),
                Map.of(),
                Map.of(),
                Map.of());

        AdapterFile.write(
                writer,
                base(folder),
                HfConfig.read(base(folder)),
                adapter.settings(),
                adapter.tensors(),
                card,
                Map.of());

        assertThat(GoldenFiles.json(copy.resolve(AdapterConfig.FILE)))
                .isEqualTo(GoldenFiles.json(folder.resolve(AdapterConfig.FILE)));
        assertThat(copy.resolve(AdapterFile.WEIGHTS)).hasSameBinaryContentAs(folder.resolve(AdapterFile.WEIGHTS));
        assertThat(AdapterFile.read(copy).settings()).isEqualTo(adapter.settings());
        assertThat(copy.resolve(HfFolderWriter.CARD)).content().contains("library_name: peft", "base_model: a/base");
        assertThat(copy.resolve("tokenizer.json"))
                .hasSameBinaryContentAs(base(folder).resolve("tokenizer.json"));
    }

    @ParameterizedTest
    @MethodSource("adapters")
    void initializesBySeedAndModuleWithinPeftsRange(Path folder) {
        PeftAdapter adapter = AdapterFile.read(folder);
        try (SafetensorsModel weights = SafetensorsModel.open(base(folder))) {
            List<float[]> seen = new ArrayList<>();
            for (LoraModule module : adapter.modules(linears(folder, weights))) {
                float[] a = new float[module.r() * module.module().in()];
                LoraInit.a(7, module, FloatBuffer.wrap(a));
                float bound = (float) (1 / Math.sqrt(module.module().in()));
                double squares = 0;
                for (float value : a) {
                    assertThat(value).isBetween(-bound, bound);
                    squares += value * value;
                }
                // Uniform in (-b, b) has the variance b²/3; its mean over n has the standard deviation b² √(4/45n).
                assertThat(squares / a.length)
                        .isCloseTo(
                                bound * bound / 3, Offset.offset(5 * bound * bound * Math.sqrt(4 / (45.0 * a.length))));
                float[] other = new float[a.length];
                LoraInit.a(8, module, FloatBuffer.wrap(other));
                assertThat(other).isNotEqualTo(a);
                assertThat(seen).noneMatch(before -> java.util.Arrays.equals(before, a));
                seen.add(a);
            }
        }
    }

    private static float[] floats(TensorData tensor) {
        FloatBuffer values = tensor.floats();
        float[] copy = new float[values.remaining()];
        values.get(copy);
        return copy;
    }
}
