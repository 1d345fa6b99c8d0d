package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.metric.Sigmoid;
import io.github.sparkfinetune.core.objective.RerankingLoss;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.task.Inference;
import io.github.sparkfinetune.core.train.step.TrainStep;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.Window;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Scores, losses and gradients of ten steps equal those of {@code CrossEncoder} of {@code sentence-transformers}. */
class RerankingGoldenTest {
    private static final Path FOLDER = Path.of("src/test/resources/reranking");
    private static final String LISTS = " reranking.negative=other reranking.num_negatives=3";

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "pairs | reranking.pos_weight=1",
                "weighted | reranking.pos_weight=3",
                "lists | reranking.loss=binary_cross_entropy" + LISTS,
                "list_net | reranking.loss=list_net" + LISTS,
                "lambda | reranking.loss=lambda" + LISTS,
                "lora | reranking.loss=list_net method.type=lora method.r=4 method.lora_alpha=8"
                        + " method.target_modules=[query,value]" + LISTS,
                "decoder | reranking.loss=binary_cross_entropy",
                "decoder_list_net | reranking.loss=list_net" + LISTS,
                "decoder_lambda | reranking.loss=lambda" + LISTS
            })
    void takesTheTenStepsOfCrossEncoder(String run, String settings) {
        JsonNode golden = GoldenFiles.json(FOLDER.resolve("rerankers.json"));
        JsonNode expected = golden.get("runs").get(run);
        List<Sample> samples = samples(golden, expected, settings.contains("negative"));
        RunConfig config = RunConfigLoader.parse(
                "{model: base, task: reranking, data: {train: none, text_pair: b}, precision: fp32, output: {dir: none}}",
                "test",
                List.of(settings.split(" ")));
        try (SafetensorsFile tensors = SafetensorsFile.open(FOLDER.resolve("rerankers.safetensors"));
                TinyDecoder model = TinyDecoder.toTrain(base(run, tensors), config, Optional.empty(), 0)) {
            GoldenRun tensorsOfRun = new GoldenRun(tensors, run);
            tensorsOfRun.start(model);
            compareScores(model, samples, expected.get("scores"), 1e-5);
            TrainStep step = model.step(config);
            double rate = run.equals("lora") ? 1e-2 : 1e-3;
            JsonNode losses = expected.get("losses");
            for (int i = 0; i < losses.size(); i++) {
                double loss = losses.get(i).asDouble();
                assertThat(evaluated(model, samples)).isCloseTo(loss, within(1e-4 + 2e-3 * loss));
                // The first sample alone, and the other samples together.
                List<List<Sample>> parts = List.of(samples.subList(0, 1), samples.subList(1, samples.size()));
                TrainStep.Outcome outcome = step.gradient(i, parts, false, () -> false, () -> {});
                assertThat(outcome.loss()).as("loss of step %d", i).isCloseTo(loss, within(1e-4 + 2e-3 * loss));
                if (i == 0) {
                    tensorsOfRun.compareGradients(step, 2e-4, 1e-7);
                }
                step.update(i + 1, rate, outcome.gradNorm());
            }
            if (settings.contains("negative")) {
                compareOrder(model, samples, expected.get("trained"));
            } else {
                compareScores(model, samples, expected.get("trained"), 2e-3);
            }
        }
    }

    private Path base(String run, SafetensorsFile tensors) {
        Path models = GoldenFiles.root().resolve("models");
        return run.startsWith("decoder")
                ? TinyModel.with(
                        models.resolve("llama-tied"),
                        folder.resolve("base"),
                        TensorData.of("score.weight", tensors, "score.weight"))
                : models.resolve("bert-regression");
    }

    private static List<Sample> samples(JsonNode golden, JsonNode run, boolean isListwise) {
        List<Sample> samples = new ArrayList<>();
        int pair = 0;
        for (JsonNode row : golden.get(isListwise ? "lists" : "pairs")) {
            int count = isListwise ? row.get(1).size() : 1;
            double[] relevance = new double[count];
            relevance[0] = isListwise ? 1 : row.get(2).asDouble();
            List<JsonNode> ids = new ArrayList<>();
            List<JsonNode> types = new ArrayList<>();
            for (int i = 0; i < count; i++, pair++) {
                ids.add(run.get("ids").get(pair));
                types.add(run.get("types").get(pair));
            }
            int[] lengths = ids.stream().mapToInt(JsonNode::size).toArray();
            samples.add(new Sample(
                    samples.size(), ints(ids), ints(types), -1, new int[0], lengths, relevance, Window.WHOLE));
        }
        return samples;
    }

    private static int[] ints(List<JsonNode> arrays) {
        return arrays.stream()
                .flatMapToInt(array ->
                        IntStream.range(0, array.size()).map(i -> array.get(i).asInt()))
                .toArray();
    }

    /** Returns the loss as an evaluation computes it. */
    private static double evaluated(TinyDecoder model, List<Sample> samples) {
        RerankingLoss objective = (RerankingLoss) model.loaded.objective();
        float[][] logits = Inference.logits(model.manager, model.loaded.model(), samples, 2);
        return IntStream.range(0, logits.length)
                .mapToObj(i -> objective.losses(logits[i], samples.get(i).targets()))
                .flatMapToDouble(Arrays::stream)
                .filter(loss -> !Double.isNaN(loss))
                .average()
                .orElseThrow();
    }

    private static void compareScores(TinyDecoder model, List<Sample> samples, JsonNode expected, double tolerance) {
        double[] scores = Arrays.stream(Inference.logits(model.manager, model.loaded.model(), samples, 2))
                .flatMapToDouble(logits -> DoubleStream.of(Sigmoid.probabilities(logits)))
                .toArray();
        assertThat(scores).hasSameSizeAs(expected);
        for (int i = 0; i < scores.length; i++) {
            assertThat(scores[i]).as("score %d", i).isCloseTo(expected.get(i).asDouble(), within(tolerance));
        }
    }

    /** Compares differences of logits: a gradient that shifts all of them is zero in theory, and noise for Adam. */
    private static void compareOrder(TinyDecoder model, List<Sample> samples, JsonNode expected) {
        double[] logits = Arrays.stream(Inference.logits(model.manager, model.loaded.model(), samples, 2))
                .flatMapToDouble(some -> IntStream.range(0, some.length).mapToDouble(i -> some[i]))
                .toArray();
        assertThat(logits).hasSameSizeAs(expected);
        for (int i = 1; i < logits.length; i++) {
            assertThat(logits[i] - logits[0])
                    .as("difference %d", i)
                    .isCloseTo(logit(expected.get(i)) - logit(expected.get(0)), within(2e-2));
        }
    }

    private static double logit(JsonNode score) {
        return Math.log(score.asDouble() / (1 - score.asDouble()));
    }
}
