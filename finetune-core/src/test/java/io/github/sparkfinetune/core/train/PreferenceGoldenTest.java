package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.task.Scorer;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.core.train.step.TrainStep;
import io.github.sparkfinetune.data.dataset.Sample;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Losses, gradients and rewards of ten steps equal those of TRL's {@code DPOTrainer}, {@code KTOTrainer} and
 * {@code RewardTrainer}, and of its other losses of preferences.
 */
class PreferenceGoldenTest {
    private static final Path FOLDER = Path.of("src/test/resources/preference");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "dpo | sigmoid | preference.beta=0.1",
                "dpo | hinge | preference.loss_type=hinge preference.beta=0.5",
                "dpo | ipo | preference.loss_type=ipo preference.beta=0.5",
                "dpo | robust | preference.loss_type=robust preference.label_smoothing=0.1 preference.beta=0.3",
                "dpo | apo_zero | preference.loss_type=apo_zero preference.beta=0.3",
                "dpo | apo_down | preference.loss_type=apo_down preference.beta=0.3",
                "dpo | lora | method.type=lora method.r=4 method.lora_alpha=8 method.target_modules=[q_proj,v_proj]",
                "rpo | rpo | preference.rpo_alpha=0.5",
                "simpo | simpo | preference.loss_type=simpo preference.beta=2 preference.simpo_gamma=0.7"
                        + " preference.label_smoothing=0.1",
                "orpo | orpo | preference.loss_type=orpo preference.beta=0.3"
            })
    void takesTheTenStepsOfTrl(String file, String run, String settings) {
        JsonNode golden = GoldenFiles.json(FOLDER.resolve(file + ".json"));
        List<Sample> samples = new ArrayList<>();
        for (JsonNode pair : golden.get("pairs")) {
            samples.add(sample(samples.size(), golden, pair, "chosen_ids", "rejected_ids"));
        }
        compareTenSteps(golden, file, run, samples, ("task=preference " + settings).split(" "));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "kto | unpaired_preference.beta=0.1",
                "weighted | unpaired_preference.desirable_weight=1.5 unpaired_preference.undesirable_weight=0.5"
                        + " unpaired_preference.beta=0.3",
                "apo | unpaired_preference.loss_type=apo_zero_unpaired",
                "lora | method.type=lora method.r=4 method.lora_alpha=8 method.target_modules=[q_proj,v_proj]"
            })
    void takesTheTenStepsOfKtoTrainer(String run, String settings) {
        JsonNode golden = GoldenFiles.json(FOLDER.resolve("kto.json"));
        List<Sample> samples = new ArrayList<>();
        for (JsonNode answer : golden.get("answers")) {
            samples.add(sample(samples.size(), golden, answer, "completion_ids", "KL_completion_ids")
                    .withLabel(answer.get("label").asBoolean() ? 1 : 0));
        }
        compareTenSteps(golden, "kto", run, samples, ("task=unpaired-preference " + settings).split(" "));
    }

    /** The padding of the model is its end token, so that the head reads the token before the end of a text. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "plain | reward.center_rewards_coefficient=0",
                "margin | reward.center_rewards_coefficient=0",
                "centered | reward.center_rewards_coefficient=0.05",
                "lora | method.type=lora method.r=4 method.lora_alpha=8 method.target_modules=[q_proj,v_proj]"
            })
    void takesTheTenStepsOfRewardTrainer(String run, String settings, @TempDir Path folder) {
        JsonNode golden = GoldenFiles.json(FOLDER.resolve("reward.json"));
        List<Sample> samples = new ArrayList<>();
        for (JsonNode pair : golden.get("pairs")) {
            int[] chosen = ints(pair.get("chosen_ids"));
            int[] rejected = ints(pair.get("rejected_ids"));
            int[] ids = IntStream.concat(Arrays.stream(chosen), Arrays.stream(rejected))
                    .toArray();
            double margin = run.equals("margin") ? pair.get("margin").asDouble() : 0;
            samples.add(Sample.ofDocuments(samples.size(), ids, ids.clone(), chosen.length, rejected.length)
                    .withTargets(margin));
        }
        Path plain = GoldenFiles.root().resolve("models/llama-tied");
        Path base;
        try (SafetensorsFile tensors = SafetensorsFile.open(FOLDER.resolve("reward.safetensors"))) {
            base = TinyModel.with(
                    plain, folder.resolve("base"), TensorData.of("score.weight", tensors, "score.weight"));
        }
        compareTenSteps(base, golden, "reward", run, samples, ("task=reward " + settings).split(" "));
    }

    private static int[] ints(JsonNode array) {
        return IntStream.range(0, array.size()).map(i -> array.get(i).asInt()).toArray();
    }

    private void compareTenSteps(JsonNode golden, String file, String run, List<Sample> samples, String... settings) {
        compareTenSteps(GoldenFiles.root().resolve("models/llama-tied"), golden, file, run, samples, settings);
    }

    private void compareTenSteps(
            Path base, JsonNode golden, String file, String run, List<Sample> samples, String... settings) {
        RunConfig config = RunConfigLoader.parse(
                "{model: base, data: {train: none}, precision: fp32, output: {dir: none}}", "test", List.of(settings));
        try (TinyDecoder decoder = TinyDecoder.toTrain(base, config, Optional.empty(), 0);
                SafetensorsFile tensors = SafetensorsFile.open(FOLDER.resolve(file + ".safetensors"))) {
            List<Sample> withReference =
                    TaskSpecs.of(config).readsReference() ? withReference(decoder, samples) : samples;
            GoldenRun tensorsOfRun = new GoldenRun(tensors, run);
            tensorsOfRun.start(decoder);
            compare(decoder, golden.get("runs").get(run).get("first"), withReference);

            TrainStep step = decoder.step(config);
            double rate = run.equals("lora") ? 1e-2 : 1e-3;
            JsonNode losses = golden.get("runs").get(run).get("losses");
            for (int i = 0; i < losses.size(); i++) {
                if (i == losses.size() - 1) {
                    compare(decoder, golden.get("runs").get(run).get("last"), withReference);
                }
                // The first sample alone, and the other samples together.
                List<List<Sample>> parts =
                        List.of(withReference.subList(0, 1), withReference.subList(1, withReference.size()));
                TrainStep.Outcome outcome = step.gradient(i, parts, false, () -> false, () -> {});
                double loss = losses.get(i).asDouble();
                assertThat(outcome.loss())
                        .as("loss of step %d", i)
                        .isCloseTo(loss, within(1e-5 + 2e-3 * Math.abs(loss)));
                if (i == 0) {
                    tensorsOfRun.compareGradients(step, 1e-4, 0);
                }
                step.update(i + 1, rate, outcome.gradNorm());
            }
        }
    }

    /** Returns a sample of the prompt with each of two answers, truncated at the end. */
    private static Sample sample(int index, JsonNode golden, JsonNode row, String... answers) {
        int prompt = row.get("prompt_ids").size();
        List<Integer> ids = new ArrayList<>();
        List<Integer> labels = new ArrayList<>();
        int[] lengths = new int[answers.length];
        for (int answer = 0; answer < answers.length; answer++) {
            List<Integer> whole = new ArrayList<>();
            row.get("prompt_ids").forEach(id -> whole.add(id.asInt()));
            row.get(answers[answer]).forEach(id -> whole.add(id.asInt()));
            List<Integer> truncated = whole.subList(
                    0, Math.min(whole.size(), golden.get("max_length").asInt()));
            for (int t = 0; t < truncated.size(); t++) {
                ids.add(truncated.get(t));
                labels.add(t < prompt ? Sample.IGNORED : truncated.get(t));
            }
            lengths[answer] = truncated.size();
        }
        return Sample.ofDocuments(index, ints(ids), ints(labels), lengths);
    }

    private static int[] ints(List<Integer> values) {
        return values.stream().mapToInt(Integer::intValue).toArray();
    }

    /** Returns the samples with the model's reference values before training. */
    private static List<Sample> withReference(TinyDecoder decoder, List<Sample> samples) {
        List<double[]> reference = decoder.loaded.task().reference(samples, 2);
        List<Sample> withReference = new ArrayList<>();
        for (int i = 0; i < samples.size(); i++) {
            withReference.add(samples.get(i).withTargets(reference.get(i)));
        }
        return withReference;
    }

    private static void compare(TinyDecoder decoder, JsonNode expected, List<Sample> samples) {
        Scorer scorer = decoder.loaded.task().scorer();
        scorer.add(samples, 2);
        Map<String, Double> values = scorer.metrics().values();
        expected.fields()
                .forEachRemaining(metric -> assertThat(values.get(metric.getKey()))
                        .as(metric.getKey())
                        .isCloseTo(
                                metric.getValue().asDouble(),
                                within(1e-5 + 2e-3 * Math.abs(metric.getValue().asDouble()))));
    }
}
