package io.github.sparkfinetune.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The hand-written backward of a layer equals PyTorch's differentiation of the plain layer, with dropout. */
class LayerTapeTest {
    /** Inputs are of size one; a gradient that is zero in theory (key biases) is a sum of 72 roundings. */
    private static final double TOLERANCE = 5e-5;

    private static final long HIDDEN = 32;

    @TempDir
    private Path folder;

    private static final List<Sample> SAMPLES = List.of(sample(0, 24), sample(1, 17), sample(2, 9));

    private static Sample sample(int index, int length) {
        int[] ids = new SplittableRandom(index).ints(length, 5, 300).toArray();
        return new Sample(index, ids, new int[length], 0);
    }

    @ParameterizedTest
    @CsvSource({
        "gelu, 0.1, 0.2, true",
        "gelu_new, 0.3, 0, true",
        "relu, 0, 0.1, false",
        "gelu, 0, 0, true",
        "silu, 0.1, 0, true",
        "tanh, 0, 0, true",
        "gelu_pytorch_tanh, 0, 0.1, true"
    })
    void equalsTheRecordedGraph(String activation, double hidden, double probs, boolean needsInputGradient)
            throws Exception {
        compare(bert(activation, hidden, probs), needsInputGradient, List.of());
    }

    @ParameterizedTest
    @CsvSource({
        "mpnet-seqcls, 0, hidden_dropout_prob",
        "mpnet-seqcls, 1, attention_probs_dropout_prob",
        "modernbert-seqcls, 0, classifier_dropout",
        "modernbert-seqcls, 1, classifier_dropout",
        "modernbert-seqcls, 1, attention_dropout",
        "modernbert-seqcls, 2, attention_dropout",
        "modernbert-seqcls, 3, attention_dropout",
        "modernbert-biased-seqcls, 0, attention_dropout",
        "modernbert-biased-seqcls, 3, attention_dropout"
    })
    void equalsTheRecordedGraphOfOtherFamilies(String kind, int layer, String dropout) throws Exception {
        Kind family = new Kind(kind, layer, config -> config.put(dropout, 0.2));
        compare(family, true, List.of());
        compare(
                family,
                true,
                List.of("method.type=lora", "method.target_modules=all-linear", "method.lora_dropout=0.1"));
    }

    /** A layer of a golden model whose configuration is edited. */
    private record Kind(String name, int layer, Consumer<ObjectNode> edit) {}

    private static Kind bert(String activation, double hidden, double probs) {
        return new Kind(
                "bert-seqcls",
                1,
                config -> config.put("hidden_act", activation)
                        .put("hidden_dropout_prob", hidden)
                        .put("attention_probs_dropout_prob", probs));
    }

    /** Compares a layer that has both its own dropout and dropout of the adapters' inputs on the same linears. */
    @ParameterizedTest
    @CsvSource({"0.1, 0, false", "0, 0.2, false", "0.1, 0.2, false", "0.1, 0.2, true"})
    void equalsTheRecordedGraphWithAdaptersOnAllLinears(double hidden, double lora, boolean dora) throws Exception {
        compare(
                bert("gelu", hidden, hidden),
                true,
                List.of(
                        "method.type=lora",
                        "method.target_modules=all-linear",
                        "method.lora_dropout=" + lora,
                        "method.use_dora=" + dora));
    }

    private void compare(Kind kind, boolean needsInputGradient, List<String> settings) throws Exception {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            Encoder model = load(manager, kind, settings);
            FusedAttentionTest.randomizeLoraB(model);
            Block block = model.blocks().get(1 + kind.layer());
            Batch batch = model.batch(manager, SAMPLES);
            NDArray x = normal(manager, batch, 1);
            NDArray gradient = normal(manager, batch, 2);
            BlockCall call = model.call(block, x, batch, DropoutMasks.of(7, 1));

            Tape written = new LayerTape(manager, call, needsInputGradient);
            Tape recorded = new GraphTape(manager, call, "layer", needsInputGradient);
            assertClose("output", written.output(), recorded.output());

            List<NDArray> expected = zeros(manager, block);
            List<NDArray> actual = zeros(manager, block);
            Optional<NDArray> expectedInputGradient = recorded.backward(manager, gradient, expected, false);
            Optional<NDArray> actualInputGradient = written.backward(manager, gradient, actual, false);
            assertThat(actualInputGradient.isPresent()).isEqualTo(needsInputGradient);
            expectedInputGradient.ifPresent(
                    g -> assertClose("gradient of the input", actualInputGradient.orElseThrow(), g));
            for (int i = 0; i < expected.size(); i++) {
                assertClose(block.differentiated().get(i).name(), actual.get(i), expected.get(i));
            }
        }
    }

    @Test
    void addsToExistingGradients() throws Exception {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            Encoder model = load(manager, bert("gelu", 0.1, 0.1), List.of());
            Block block = model.blocks().get(1);
            Batch batch = model.batch(manager, SAMPLES);
            NDArray x = normal(manager, batch, 1);
            NDArray gradient = normal(manager, batch, 2);
            List<NDArray> gradients = zeros(manager, block);
            for (boolean add : new boolean[] {false, true}) {
                model.record(manager, model.call(block, x, batch, DropoutMasks.of(7, 1)), true)
                        .backward(manager, gradient, gradients, add);
                if (!add) {
                    gradients.get(0).muli(-1);
                }
            }
            assertThat(gradients.get(0).abs().max().getFloat()).isLessThan(1e-6f);
            assertThat(gradients.get(2).abs().max().getFloat()).isGreaterThan(1e-3f);
        }
    }

    private Encoder load(NDManager manager, Kind kind, List<String> settings) throws Exception {
        Path golden = GoldenFiles.root().resolve("models").resolve(kind.name());
        ObjectMapper json = new ObjectMapper();
        ObjectNode config =
                (ObjectNode) json.readTree(golden.resolve("config.json").toFile());
        kind.edit().accept(config);
        Files.write(folder.resolve("config.json"), json.writeValueAsBytes(config));
        HfConfig model = HfConfig.read(folder);
        MethodConfig method = RunConfigLoader.parse(
                        "{model: base, task: classification, data: {train: none}, output: {dir: none}}",
                        "test",
                        settings)
                .method();
        try (SafetensorsModel source = SafetensorsModel.open(golden)) {
            return Encoder.load(
                    manager,
                    MatmulBackend.f32(),
                    model,
                    source,
                    HeadKind.SEQUENCE_CLASSIFICATION,
                    3,
                    Adaptation.of(
                            method,
                            model,
                            HeadKind.SEQUENCE_CLASSIFICATION,
                            source,
                            "SEQ_CLS",
                            "base",
                            Optional.empty(),
                            1),
                    1);
        }
    }

    private static NDArray normal(NDManager manager, Batch batch, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Shape shape = batch.ids().getShape().add(HIDDEN);
        float[] values = new float[(int) shape.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return manager.create(values, shape);
    }

    private static List<NDArray> zeros(NDManager manager, Block block) {
        return block.differentiated().stream()
                .map(parameter -> manager.zeros(parameter.value().getShape()))
                .toList();
    }

    private static void assertClose(String what, NDArray actual, NDArray expected) {
        float[] a = actual.toFloatArray();
        float[] e = expected.toFloatArray();
        assertThat(a).as(what).hasSameSizeAs(e);
        // Relative to the largest value: the fused attention kernel sums in another order.
        double largest = Math.max(1, expected.abs().max().getFloat());
        for (int i = 0; i < a.length; i++) {
            assertThat((double) a[i]).as("%s[%d]", what, i).isCloseTo(e[i], within(TOLERANCE * largest));
        }
    }
}
