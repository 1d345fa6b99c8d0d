package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.predict.LoadedModel;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.task.SharedOutputs;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.core.train.step.TrainStep;
import io.github.sparkfinetune.data.dataset.Sample;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Losses and gradients of ten steps with a teacher equal those of TRL's {@code GKDTrainer} and of plain PyTorch. */
class DistillationGoldenTest {
    private static final Path FOLDER = Path.of("src/test/resources/distillation");
    private static final int VOCABULARY = 384;

    @TempDir
    private Path folder;

    private final JsonNode golden = GoldenFiles.json(FOLDER.resolve("gkd.json"));
    private Path teacher;

    @BeforeEach
    void sharpenTheTeacher() {
        float sharpness = (float) golden.get("sharpness").asDouble();
        teacher = TinyModel.rewrite(
                GoldenFiles.root().resolve("models/llama-untied"),
                folder.resolve("teacher"),
                TensorType.F32,
                1 << 30,
                (name, values) -> {
                    for (int i = 0; i < values.length && name.equals("lm_head.weight"); i++) {
                        values[i] *= sharpness;
                    }
                });
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "gkd | teacher.weight=1 teacher.top_k=1000",
                "warm | teacher.weight=0.5 teacher.temperature=2 teacher.top_k=384",
                "top | teacher.weight=0.75 teacher.temperature=1.5 teacher.top_k=8",
                "lora | teacher.top_k=8 method.type=lora method.r=4 method.lora_alpha=8"
                        + " method.target_modules=[q_proj,v_proj]"
            })
    void takesTheTenStepsOfGkdTrainer(String run, String settings) {
        RunConfig config = TinyDecoder.config(("task=sft teacher.model=t " + settings).split(" "));
        List<Sample> samples = taught(config);
        try (TinyDecoder decoder = TinyDecoder.toTrain(
                        GoldenFiles.root().resolve("models/llama-tied"), config, Optional.empty(), 0);
                SafetensorsFile tensors = SafetensorsFile.open(FOLDER.resolve("gkd.safetensors"))) {
            GoldenRun tensorsOfRun = new GoldenRun(tensors, run);
            tensorsOfRun.start(decoder);
            TrainStep step = decoder.step(config);
            JsonNode losses = golden.get("runs").get(run).get("losses");
            for (int i = 0; i < losses.size(); i++) {
                List<List<Sample>> parts = List.of(samples.subList(0, 1), samples.subList(1, samples.size()));
                TrainStep.Outcome outcome = step.gradient(i, parts, false, () -> false, () -> {});
                double loss = losses.get(i).asDouble();
                assertThat(outcome.loss()).as("loss of step %d", i).isCloseTo(loss, within(1e-4 * loss));
                if (i == 0) {
                    tensorsOfRun.compareGradients(step, 1e-4, 0);
                }
                step.update(i + 1, run.equals("lora") ? 1e-2 : 1e-3, outcome.gradNorm());
            }
        }
    }

    /** Returns the samples with the teacher's classes: two samples packed into one, and one alone. */
    private List<Sample> taught(RunConfig config) {
        List<Sample> documents = new ArrayList<>();
        for (JsonNode row : golden.get("samples")) {
            int[] ids = ints(row.get("input_ids"));
            documents.add(Sample.ofDocuments(documents.size(), ids, ints(row.get("labels")), ids.length));
        }
        List<Sample> samples = List.of(
                packed(documents.get(1), documents.get(2)), documents.get(0).at(1));
        Torch.start(1);
        try (var manager = Torch.manager(-1)) {
            List<double[]> classes = LoadedModel.teacher(config, config.precision(), manager, teacher)
                    .task()
                    .teach(samples, 1, new SharedOutputs(VOCABULARY, List.of()));
            return IntStream.range(0, samples.size())
                    .mapToObj(i -> samples.get(i).withTargets(classes.get(i)))
                    .toList();
        }
    }

    private static Sample packed(Sample first, Sample second) {
        return Sample.ofDocuments(
                0,
                IntStream.concat(IntStream.of(first.inputIds()), IntStream.of(second.inputIds()))
                        .toArray(),
                IntStream.concat(IntStream.of(first.labels()), IntStream.of(second.labels()))
                        .toArray(),
                first.length(),
                second.length());
    }

    private static int[] ints(JsonNode array) {
        return IntStream.range(0, array.size()).map(i -> array.get(i).asInt()).toArray();
    }
}
