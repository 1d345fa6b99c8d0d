package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.task.Inference;
import io.github.sparkfinetune.core.train.step.TrainStep;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.Sample;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Vectors, losses and gradients of ten steps equal those of {@code sentence-transformers}, with all pairs in one
 * micro-batch and in several, which are compared with each other.
 */
class EmbeddingGoldenTest {
    private static final Path FOLDER = Path.of("src/test/resources/embedding");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ranking | bert-mlm | embedding.scale=20",
                "negatives | bert-mlm | embedding.negative=other embedding.pooling=cls embedding.scale=30",
                "matryoshka | bert-mlm | embedding.matryoshka_dims=[8]",
                "cosent | bert-mlm | embedding.loss=cosent",
                "cosent_matryoshka | bert-mlm | embedding.loss=cosent embedding.matryoshka_dims=[8,4]",
                "lora | bert-mlm | method.type=lora method.r=4 method.lora_alpha=8 method.target_modules=[query,value]",
                "decoder | llama-tied | embedding.pooling=lasttoken",
                "decoder_mean | llama-tied | embedding.pooling=mean"
            })
    void takesTheTenStepsOfSentenceTransformers(String run, String model, String settings) {
        JsonNode golden = GoldenFiles.json(FOLDER.resolve("embeddings.json"));
        JsonNode expected = golden.get("runs").get(run);
        List<Sample> samples = samples(golden, expected);
        RunConfig config = config(settings);
        Path base = GoldenFiles.root().resolve("models").resolve(model);
        for (int first : new int[] {5, 2}) {
            List<List<Sample>> parts = first == samples.size()
                    ? List.of(samples)
                    : List.of(samples.subList(0, first), samples.subList(first, samples.size()));
            compareTenSteps(base, config, run, expected, parts);
        }
    }

    @Test
    void refusesTextsThatAllBelongToEachOther() {
        RunConfig config = config("embedding.scale=20");
        Sample one = Sample.ofDocuments(0, new int[] {5, 6, 7, 8}, new int[] {5, 6, 7, 8}, 2, 2);
        Sample other = Sample.ofDocuments(1, new int[] {9, 6, 7, 8}, new int[] {9, 6, 7, 8}, 2, 2);
        try (TinyDecoder model =
                TinyDecoder.toTrain(GoldenFiles.root().resolve("models/bert-mlm"), config, Optional.empty(), 0)) {
            TrainStep step = model.step(config);
            assertThatThrownBy(() -> step.gradient(0, List.of(List.of(one, other)), false, () -> false, () -> {}))
                    .hasMessage("data.text_pair: all 2 texts of a step are equal, so that there is nothing to be far"
                            + " from: give pairs with different texts");
        }
    }

    private static RunConfig config(String settings) {
        return RunConfigLoader.parse(
                "{model: base, task: embedding, data: {train: none, text_pair: b}, precision: fp32, output: {dir: none}}",
                "test",
                List.of(settings.split(" ")));
    }

    private static void compareTenSteps(
            Path base, RunConfig config, String run, JsonNode expected, List<List<Sample>> parts) {
        List<Sample> samples = parts.stream().flatMap(List::stream).toList();
        try (TinyDecoder model = TinyDecoder.toTrain(base, config, Optional.empty(), 0);
                SafetensorsFile tensors = SafetensorsFile.open(FOLDER.resolve("embeddings.safetensors"))) {
            GoldenRun tensorsOfRun = new GoldenRun(tensors, run);
            tensorsOfRun.start(model);
            compareVectors(model, samples, 0, expected.get("vectors"), 1e-5);
            TrainStep step = model.step(config);
            double rate = run.equals("lora") ? 1e-2 : 1e-3;
            JsonNode losses = expected.get("losses");
            for (int i = 0; i < losses.size(); i++) {
                TrainStep.Outcome outcome = step.gradient(i, parts, false, () -> false, () -> {});
                double loss = losses.get(i).asDouble();
                assertThat(outcome.loss())
                        .as("loss of step %d", i)
                        .isCloseTo(loss, within(1e-4 + 2e-3 * Math.abs(loss)));
                if (i == 0) {
                    tensorsOfRun.compareGradients(step, 2e-4, 1e-7);
                }
                step.update(i + 1, rate, outcome.gradNorm());
            }
            compareVectors(model, samples, 1, expected.get("trained"), 2e-3);
        }
    }

    private static List<Sample> samples(JsonNode golden, JsonNode run) {
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < golden.get("rows").size(); i++) {
            List<Document> documents = new ArrayList<>();
            for (JsonNode column : run.get("texts")) {
                int[] ids = ints(column.get(i));
                documents.add(new Document(ids, ids.clone()));
            }
            samples.add(Sample.ofDocuments(i, documents)
                    .withTargets(golden.get("rows").get(i).get(3).asDouble()));
        }
        return samples;
    }

    private static int[] ints(JsonNode array) {
        return IntStream.range(0, array.size()).map(i -> array.get(i).asInt()).toArray();
    }

    private static void compareVectors(
            TinyDecoder model, List<Sample> samples, int document, JsonNode expected, double tolerance) {
        List<Sample> texts =
                samples.stream().map(sample -> sample.document(document)).toList();
        float[][] vectors = Inference.logits(model.manager, model.loaded.model(), texts, 2);
        for (int i = 0; i < vectors.length; i++) {
            float[] vector = new float[vectors[i].length];
            for (int k = 0; k < vector.length; k++) {
                vector[k] = (float) expected.get(i).get(k).asDouble();
            }
            ModelGoldenTest.assertClose("vector " + i, vectors[i], vector, tolerance);
        }
    }
}
