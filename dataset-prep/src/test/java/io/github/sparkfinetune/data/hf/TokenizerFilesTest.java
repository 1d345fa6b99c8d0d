package io.github.sparkfinetune.data.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sources of a model folder's chat template and special tokens. */
class TokenizerFilesTest {
    @TempDir
    Path folder;

    @BeforeEach
    void aTokenizer() throws IOException {
        write(
                "tokenizer.json",
                "{'model': {'vocab': {'a': 0, '<s>': 1}}, 'added_tokens': [{'id': 2, 'content': '</s>'}]}");
    }

    @Test
    void prefersTheTemplateFileToTheSettings() throws IOException {
        write("tokenizer_config.json", "{'chat_template': 'config'}");
        assertThat(read().texts().chatTemplate()).isEqualTo("config");
        write("chat_template.jinja", "file é");
        assertThat(read().texts().chatTemplate()).isEqualTo("file é");
    }

    @Test
    void tokenizesAsATokenizerThatOnlyCutsAndPadsOtherwise() throws IOException {
        TokenizerFiles plain = read();
        write(
                "tokenizer.json",
                "{'truncation': {'max_length': 9}, 'padding': null, 'model': {'vocab': {'<s>': 1, 'a': 0}},"
                        + " 'added_tokens': [{'id': 2, 'content': '</s>'}]}");
        assertThat(read().sha256()).isNotEqualTo(plain.sha256());
        assertThat(read().tokenizesAs(plain)).isTrue();
        write("tokenizer.json", "{'model': {'vocab': {'a': 1, '<s>': 0}}, 'added_tokens': []}");
        assertThat(read().tokenizesAs(plain)).isFalse();
    }

    @Test
    void hashesWhatAModelComputesWith() throws IOException {
        write("config.json", "{}");
        String hash = ModelFolder.sha256(folder, "use", () -> {});
        write("README.md", "text");
        assertThat(ModelFolder.sha256(folder, "use", () -> {})).isEqualTo(hash);
        assertThat(ModelFolder.sha256(folder, "other", () -> {})).isNotEqualTo(hash);
        write("model.safetensors", "weights");
        assertThat(ModelFolder.sha256(folder, "use", () -> {})).isNotEqualTo(hash);
    }

    @Test
    void readsTheTemplateOfAProcessor() throws IOException {
        write("tokenizer_config.json", "{}");
        write("chat_template.json", "{'chat_template': 'processor'}");
        assertThat(read().texts().chatTemplate()).isEqualTo("processor");
        write("tokenizer_config.json", "{'chat_template': 'config'}");
        assertThat(read().texts().chatTemplate()).isEqualTo("config");
    }

    @Test
    void readsVocabularyAndTokensOfTheTextPart() throws IOException {
        write(
                "config.json",
                "{'model_type': 'm', 'eos_token_id': [1, 2], 'text_config': {'model_type': 't', 'vocab_size': 2}}");
        assertThat(read().modelVocabularySize()).isEqualTo(2);
        assertThat(read().special().endIds()).containsExactlyInAnyOrder(1, 2);
        assertThatThrownBy(() -> read().requireFits("m"))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("tokenizer.json has 3 tokens, config.json vocab_size is 2");
    }

    /** Version 5 of transformers gives no token types; version 4 gives them by default. */
    @Test
    void givesNoTypesForTheGenericTokenizerOfTransformers5() throws IOException {
        assertThat(read().distinguishesTexts()).isTrue();
        write("tokenizer_config.json", "{'tokenizer_class': 'TokenizersBackend'}");
        assertThat(read().distinguishesTexts()).isFalse();
        write(
                "tokenizer_config.json",
                "{'tokenizer_class': 'TokenizersBackend', 'model_input_names': ['input_ids', 'token_type_ids']}");
        assertThat(read().distinguishesTexts()).isTrue();
    }

    /** {@code tokenizer.pad_token = tokenizer.eos_token} of transformers. */
    @Test
    void padsWithTheEndTokenIfThereIsNoPadding() throws IOException {
        write("tokenizer_config.json", "{'eos_token': {'content': '</s>'}, 'pad_token': null}");
        write("special_tokens_map.json", "{'eos_token': '</s>'}");
        TokenizerFiles padded = read().withPadding();
        assertThat(padded.special().padId()).isEqualTo(2);
        assertThat(padded.special().byRole()).containsEntry("pad_token", "</s>");
        assertThat(padded.texts().settings()).contains("\"pad_token\": \"</s>\"");
        assertThat(padded.texts().specialTokensMap()).contains("\"pad_token\": \"</s>\"");
        assertThat(padded.sha256()).isEqualTo(read().sha256());

        write("tokenizer_config.json", "{'eos_token': '</s>', 'pad_token': '<s>'}");
        assertThat(read().withPadding()).isEqualTo(read());
        write("tokenizer_config.json", "{}");
        write("special_tokens_map.json", "{}");
        assertThat(read().withPadding()).isEqualTo(read());
    }

    @Test
    void takesTheDefaultOfSeveralTemplates() throws IOException {
        write(
                "tokenizer_config.json",
                "{'chat_template': [{'name': 'tool_use', 'template': 't'}, {'name': 'default', 'template': 'd'}]}");
        assertThat(read().texts().chatTemplate()).isEqualTo("d");
        write("tokenizer_config.json", "{'chat_template': [{'name': 'tool_use', 'template': 't'}]}");
        assertThatThrownBy(this::read)
                .isInstanceOf(RunException.class)
                .hasMessageContaining("no template named default, only [tool_use]")
                .hasMessageContaining("data.chat_template");
    }

    @Test
    void readsSpecialTokensFromTheSettings() throws IOException {
        write(
                "tokenizer_config.json",
                "{'bos_token': '<s>', 'eos_token': {'content': '</s>'}, 'pad_token': null, 'add_bos_token': true,"
                        + " 'added_tokens_decoder': {}}");
        write("special_tokens_map.json", "{'bos_token': 'a', 'unk_token': 'ignored'}");
        assertThat(read().special().byRole()).isEqualTo(Map.of("bos_token", "<s>", "eos_token", "</s>"));
        assertThat(read().special().eosId()).isEqualTo(2);
        assertThat(read().special().endIds()).containsExactly(2);
        write("generation_config.json", "{'eos_token_id': [1, 3]}");
        assertThat(read().special().endIds()).containsExactlyInAnyOrder(1, 2, 3);
    }

    @Test
    void prefersTheMapInOlderFolders() throws IOException {
        write("tokenizer_config.json", "{'bos_token': 'old', 'eos_token': '</s>'}");
        write("special_tokens_map.json", "{'bos_token': {'content': 'new'}, 'additional_special_tokens': ['x']}");
        assertThat(read().special().byRole()).isEqualTo(Map.of("bos_token", "new", "eos_token", "</s>"));
    }

    @Test
    void refusesSamplesLongerThanTheModelsPositions() throws IOException {
        write("config.json", "{'n_positions': 16}");
        org.apache.hadoop.fs.Path model = new org.apache.hadoop.fs.Path(folder.toUri());
        ToIntFunction<HfConfig> positions = config -> config.size("n_positions");
        TokenizerFiles.read(model, run(16), positions, new Configuration());
        TokenizerFiles.read(model, run(17), config -> 0, new Configuration());
        assertThatThrownBy(() -> TokenizerFiles.read(model, run(17), positions, new Configuration()))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("data.max_length: 17 is more than the 16 positions of");
    }

    private RunConfig run(int maxLength) {
        return RunConfigLoader.parse(
                "model: " + folder
                        + "\ntask: causal-lm\noutput: {dir: out}\ndata: {dir: data, train: a.jsonl, max_length: "
                        + maxLength + "}\n",
                "run.yaml",
                List.of());
    }

    private TokenizerFiles read() throws IOException {
        return TokenizerFiles.read(new org.apache.hadoop.fs.Path(folder.toUri()), new Configuration());
    }

    private void write(String file, String text) throws IOException {
        Files.writeString(folder.resolve(file), file.endsWith(".json") ? text.replace('\'', '"') : text);
    }
}
