package io.github.sparkfinetune.core.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.safetensors.SafetensorsWriter;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AdapterFileTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path GOLDEN = GoldenFiles.root().resolve("peft/lora-qv");
    private static final String QUERY = "base_model.model.model.layers.0.self_attn.q_proj";

    @TempDir
    Path folder;

    private void config(Map<String, String> changes) throws IOException {
        ObjectNode config = (ObjectNode) GoldenFiles.json(GOLDEN.resolve("adapter_config.json"));
        for (Map.Entry<String, String> change : changes.entrySet()) {
            config.set(change.getKey(), JSON.readTree(change.getValue()));
        }
        JSON.writeValue(folder.resolve("adapter_config.json").toFile(), config);
    }

    private void weights(TensorType type, String... names) throws IOException {
        List<TensorData> tensors = new ArrayList<>();
        for (String name : names) {
            tensors.add(TensorData.f32(name, new long[] {2, 1}, 0.5f, -3).as(type));
        }
        try (OutputStream out = Files.newOutputStream(folder.resolve(AdapterFile.WEIGHTS))) {
            SafetensorsWriter.write(out, tensors, SafetensorsWriter.PT);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', textBlock = """
        [1] ^ embed_tokens.token_adapter.trainable_tokens_delta ^ [base_model.model.embed_tokens
        [1, 2] ^ lm_head.token_adapter.trainable_tokens_delta ^ none
        null ^ embed_tokens.token_adapter.trainable_tokens_delta ^ [
        """)
    void refusesRowsThatTheSettingsDoNotName(String tokens, String name, String message) throws IOException {
        config(Map.of("trainable_token_indices", tokens));
        weights(TensorType.F32, QUERY + ".lora_A.weight", "base_model.model." + name);
        assertThatThrownBy(() -> AdapterFile.read(folder))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("trainable_token_indices, found")
                .hasMessageContaining(message.replace("base_model.model.", ""));
    }

    @Test
    void readsRowsUnderTheNameOfTheirModule() throws IOException {
        config(Map.of("trainable_token_indices", "{\"embed_tokens\": [5, 9]}"));
        weights(
                TensorType.F32,
                "base_model.model.model.embed_tokens.token_adapter.trainable_tokens_delta",
                "base_model.model.model.embed_tokens.token_adapter.base_layer.weight",
                "base_model.model.lm_head.token_adapter.trainable_tokens_delta");
        PeftAdapter adapter = AdapterFile.read(folder);
        assertThat(adapter.settings().alsoTrained().trainableTokenIndices()).containsExactly(5, 9);
        assertThat(adapter.tensors())
                .containsOnlyKeys(
                        "model.embed_tokens.weight", "model.embed_tokens.token_adapter.trainable_tokens_delta");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', textBlock = """
        peft_type ^ "IA3" ^ peft_type is "IA3", must be LORA
        r ^ 0 ^ r is 0, must be at least 1
        r ^ 2.5 ^ r is 2.5, must be a whole number
        rank_pattern ^ {"q_proj": 0} ^ rank_pattern.q_proj is 0, must be at least 1
        lora_dropout ^ 1 ^ lora_dropout is 1.0, must be in [0, 1)
        bias ^ "some" ^ bias is "some", must be none, all or lora_only
        target_modules ^ null ^ target_modules is null, must be a string or a list of names
        init_lora_weights ^ "pissa_niter_4" ^ init_lora_weights is "pissa_niter_4", must be true, gaussian or orthogonal
        loftq_config ^ {"loftq_bits": 4} ^ loftq_config is {"loftq_bits":4}, must be left out: spark-finetune does not support it
        trainable_token_indices ^ [1, 1] ^ trainable_token_indices is [1, 1], must be token ids of at least 0, each once
        trainable_token_indices ^ ["<a>"] ^ trainable_token_indices is ["<a>"], must be a whole number
        trainable_token_indices ^ {"lm_head": [1]} ^ trainable_token_indices is {"lm_head":[1]}, must be indices of the embedding table alone; a tied head follows the table
        use_qalora ^ true ^ use_qalora is true, must be left out: spark-finetune does not support it
        lora_bias ^ true ^ lora_bias is true, must be left out: spark-finetune does not support it
        eva_config ^ {"rho": 2.0} ^ eva_config is {"rho":2.0}, must be left out: spark-finetune does not support it
        layer_replication ^ [[0, 4]] ^ layer_replication is [[0,4]], must be left out: spark-finetune does not support it
        target_parameters ^ ["w"] ^ target_parameters is ["w"], must be left out: spark-finetune does not support it
        use_newlora ^ true ^ unknown field use_newlora is set (true); the adapter needs a method that spark-finetune does not know
        layers_pattern ^ "layers" ^ layers_pattern is [layers], must be used with layers_to_transform
        """)
    void refusesUnsupportedFieldsByName(String field, String value, String message) throws IOException {
        config(Map.of(field, value));
        assertThatThrownBy(() -> LoraSettings.read(folder))
                .isInstanceOfSatisfying(
                        RunException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
                .hasMessage(folder.resolve("adapter_config.json") + ": " + message);
    }

    @Test
    void ignoresDisabledAndHarmlessFields() throws IOException {
        config(Map.of(
                "megatron_core", "null",
                "runtime_config", "{\"ephemeral_gpu_offload\": true}",
                "auto_mapping", "{\"base_model_class\": \"X\"}",
                "loftq_config", "null",
                "use_newlora", "false",
                "init_lora_weights", "\"gaussian\"",
                "layers_to_transform", "1",
                "lora_alpha", "12.5"));
        LoraSettings settings = LoraSettings.read(folder);
        assertThat(settings.targets().layersToTransform()).containsExactly(1);
        assertThat(settings.ranks().loraAlpha()).isEqualTo(12.5);
    }

    @Test
    void refusesAFolderWithoutAnAdapter() throws IOException {
        assertThatThrownBy(() -> AdapterFile.read(folder))
                .isInstanceOf(RunException.class)
                .hasMessageContaining(folder + " has no adapter_config.json");
        config(Map.of());
        Files.writeString(folder.resolve("adapter_model.bin"), "pickle");
        assertThatThrownBy(() -> AdapterFile.read(folder))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("Python pickle");
    }

    @Test
    void widensHalfPrecision() throws IOException {
        config(Map.of());
        for (TensorType type : List.of(TensorType.BF16, TensorType.F16)) {
            weights(type, QUERY + ".lora_A.weight");
            TensorData a = AdapterFile.read(folder).tensors().get("model.layers.0.self_attn.q_proj.lora_A");
            assertThat(a.dtype()).isEqualTo(TensorType.F32);
            assertThat(a.floats().get(1)).isEqualTo(-3);
        }
    }

    /** Compares names with those that PEFT 0.21.2 wrote for a BERT classifier with {@code bias="all"}. */
    @Test
    void namesBiasesAndSavedModulesAsPeftDoes() throws IOException {
        config(Map.of("bias", "\"all\"", "modules_to_save", "[\"classifier\"]"));
        String query = "base_model.model.bert.encoder.layer.0.attention.self.query";
        String[] written = {
            query + ".base_layer.bias",
            query + ".lora_A.weight",
            query + ".lora_B.weight",
            "base_model.model.bert.pooler.dense.bias",
            "base_model.model.classifier.bias",
            "base_model.model.classifier.weight"
        };
        List<String> stored = new ArrayList<>(List.of(written));
        stored.add("base_model.model.classifier.modules_to_save.bias");
        stored.add("base_model.model.classifier.original_module.bias");
        weights(TensorType.F32, stored.toArray(String[]::new));

        PeftAdapter adapter = AdapterFile.read(folder);

        assertThat(adapter.tensors())
                .containsOnlyKeys(
                        "bert.encoder.layer.0.attention.self.query.bias",
                        "bert.encoder.layer.0.attention.self.query.lora_A",
                        "bert.encoder.layer.0.attention.self.query.lora_B",
                        "bert.pooler.dense.bias",
                        "classifier.bias",
                        "classifier.weight");
        assertThat(AdapterFile.entries(adapter.settings(), adapter.tensors()))
                .extracting(TensorData::name)
                .containsExactly(written);
    }

    @Test
    void refusesTensorsThatTheSettingsDoNotExplain() throws IOException {
        config(Map.of());
        weights(TensorType.F32, QUERY + ".lora_A.weight", "base_model.model.model.norm.weight");
        assertThatThrownBy(() -> AdapterFile.read(folder))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("tensor model.norm.weight belongs to no low-rank adapter");
        weights(TensorType.F32, "model.layers.0.self_attn.q_proj.lora_A.weight");
        assertThatThrownBy(() -> AdapterFile.read(folder))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("does not begin with base_model.model.");
        Map<String, TensorData> foreign = new LinkedHashMap<>();
        foreign.put("model.norm.weight", TensorData.f32("n", new long[0], java.nio.ByteBuffer.allocate(4)));
        LoraSettings settings = LoraSettings.read(folder);
        assertThatThrownBy(() -> AdapterFile.entries(settings, foreign)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', textBlock = """
        gpt2 ^ target_modules: [q_proj, v_proj] matches no linear of this model; its linears are c_attn, c_proj, c_fc, lm_head
        bert-seqcls ^ target_modules: [q_proj, v_proj] matches no linear of this model; its linears are dense, key, query, value, classifier
        """)
    void refusesAnAdapterForAnotherModel(String model, String message) {
        assertOtherBase(model, GOLDEN, message);
    }

    @Test
    void refusesAnAdapterOfAnotherShape() throws IOException {
        Files.copy(GOLDEN.resolve(AdapterFile.WEIGHTS), folder.resolve(AdapterFile.WEIGHTS));
        config(Map.of("r", "8"));
        assertOtherBase(
                "llama-tied",
                folder,
                "model.layers.0.self_attn.q_proj.lora_A is [4, 64]; this model and its settings need [8, 64]");
        config(Map.of("target_modules", "[\"q_proj\"]"));
        assertOtherBase(
                "llama-tied",
                folder,
                "model.layers.0.self_attn.v_proj.lora_A belongs to no linear of this model, nor do 3 other tensors");
        config(Map.of("use_dora", "true"));
        assertOtherBase(
                "llama-tied",
                folder,
                "it has no model.layers.0.self_attn.q_proj.lora_magnitude, which this model and its settings need");
    }

    private static void assertOtherBase(String model, Path adapterFolder, String message) {
        Path base = GoldenFiles.root().resolve("models").resolve(model);
        PeftAdapter adapter = AdapterFile.read(adapterFolder);
        try (SafetensorsModel weights = SafetensorsModel.open(base)) {
            List<LinearModule> linears = ModelModules.linears(
                    Architectures.of(HfConfig.read(base)),
                    GoldenFiles.head(base).orElseThrow(),
                    weights);
            assertThatThrownBy(() -> adapter.modules(linears))
                    .isInstanceOf(RunException.class)
                    .hasMessage(adapterFolder + ": the adapter does not fit this model: " + message
                            + "; it was trained for models/llama-tied");
        }
    }
}
