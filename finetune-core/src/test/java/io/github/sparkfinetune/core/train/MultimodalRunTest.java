package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.plan.RunPlan;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The text part of a multimodal model is trained. A full model is written as a text model; PEFT loads an adapter onto
 * the multimodal model.
 */
class MultimodalRunTest {
    private static final Configuration HADOOP = new Configuration();
    private static final String[] SHORT = {"training.max_steps=2", "training.warmup_ratio=0"};

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({
        "gemma3-multimodal, full, gemma3_text, Gemma3ForCausalLM",
        "gemma3-multimodal-saved-by-5, freeze, gemma3_text, Gemma3ForCausalLM",
        "mistral3-saved-by-5, full, mistral, MistralForCausalLM"
    })
    void writesATextModel(String golden, String method, String modelType, String className) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), golden, config -> {});
        TinyRun tiny = new TinyRun(folder, base, "causal-lm", SHORT);
        RunConfig config = tiny.config("run", "method.type=" + method);
        FineTuner.check(config, HADOOP);
        TinyRun.Outcome outcome = tiny.run(config, 1, null);
        assertThat(outcome.losses()).hasSize(2).allMatch(Double::isFinite);

        Path exported = TinyRun.exported(config);
        HfConfig written = HfConfig.read(exported);
        assertThat(written.modelType()).isEqualTo(modelType);
        assertThat(written.architectures()).containsExactly(className);
        assertThat(written.find("text_config")).isEmpty();
        assertThat(written.find("vision_config")).isEmpty();
        assertThat(written.find("rope_theta")).isPresent();
        try (SafetensorsModel source = SafetensorsModel.open(base);
                SafetensorsFile target = SafetensorsFile.open(exported.resolve(SafetensorsModel.FILE))) {
            Set<String> text = source.names().stream()
                    .filter(name -> !name.contains("vision_tower") && !name.contains("multi_modal_projector"))
                    .map(name -> name.replace("model.language_model.", "model."))
                    .collect(Collectors.toCollection(TreeSet::new));
            assertThat(target.names()).containsExactlyInAnyOrderElementsOf(text);
            long parameters = target.names().stream()
                    .mapToLong(name -> target.info(name).count())
                    .sum();
            assertThat(RunPlan.of(config, HADOOP, folder, false).parameters()).isEqualTo(parameters);
        }
        try (TinyDecoder read = TinyDecoder.trained(exported, Optional.empty(), config)) {
            assertThat(read.logits(List.of(TinyDataset.documents(new SplittableRandom(1), 1, false, 2))))
                    .doesNotContain(Float.NaN);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "gemma3-multimodal, lora, Gemma3ForConditionalGeneration",
        "mistral3-saved-by-5, qlora, Mistral3ForConditionalGeneration"
    })
    void writesAnAdapterThatPeftLoadsOntoTheMultimodalModel(String golden, String method, String className)
            throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), golden, config -> {});
        TinyRun tiny = new TinyRun(folder, base, "causal-lm", SHORT);
        RunConfig config = tiny.config("run", "method.type=" + method);
        FineTuner.check(config, HADOOP);
        tiny.run(config, 1, null);

        Path exported = TinyRun.exported(config);
        assertThat(TinyRun.model(config).keySet())
                .contains(
                        "base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_A.weight",
                        "base_model.model.model.language_model.layers.1.self_attn.v_proj.lora_B.weight")
                .allMatch(name -> name.startsWith("base_model.model.model.language_model.layers."));
        JsonNode settings = GoldenFiles.json(exported.resolve("adapter_config.json"));
        assertThat(settings.get("target_modules")).hasToString("[\"q_proj\",\"v_proj\"]");
        // The image part has linears of the same names.
        String excluded = settings.get("exclude_modules").asText();
        assertThat("model.vision_tower.encoder.layers.0.self_attn.q_proj").matches(excluded);
        assertThat("model.multi_modal_projector.linear_1").matches(excluded);
        assertThat("model.language_model.layers.0.self_attn.q_proj").doesNotMatch(excluded);
        HfConfig written = HfConfig.read(exported);
        assertThat(written.architectures()).containsExactly(className);
        assertThat(written.find("vision_config")).isPresent();
        assertThat(Files.readString(exported.resolve("README.md"))).contains("from transformers import " + className);
    }
}
