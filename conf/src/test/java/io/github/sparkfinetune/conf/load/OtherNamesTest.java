package io.github.sparkfinetune.conf.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class OtherNamesTest {
    private static final Path PAGE = Path.of("../submit/docs/coming-from.md");

    private static RunConfig load(String yaml, String... overrides) {
        return RunConfigLoader.parse(
                "{model: m, task: sft, output: {dir: o}, data: {train: t}" + yaml + "}",
                "run.yaml",
                List.of(overrides));
    }

    static Stream<Map.Entry<String, OtherNames.Name>> names() {
        return OtherNames.byLibrary().values().stream().flatMap(names -> names.entrySet().stream());
    }

    @ParameterizedTest
    @MethodSource("names")
    void namesStandForExistingKeysAndAcceptedValues(Map.Entry<String, OtherNames.Name> entry) {
        OtherNames.Name name = entry.getValue();
        if (name.key() == null) {
            assertThat(name.remark()).isNotBlank();
            return;
        }
        assertThat(Keys.settable()).contains(name.key());
        if (name.value() != null) {
            load("", name.key() + "=" + name.value());
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void errorSuggestsTheKeyForAnotherLibrarysName(Map.Entry<String, OtherNames.Name> entry) {
        String first = OtherNames.find(entry.getKey()).orElseThrow().hint();

        assertThatThrownBy(() -> load(", " + entry.getKey() + ": 1"))
                .isInstanceOf(RunException.class)
                .hasMessage("run.yaml:1: unknown key " + entry.getKey() + first);
        assertThatThrownBy(() -> load("", entry.getKey() + "=1")).hasMessageEndingWith(first);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', textBlock = """
        training: {bf16: true}             ^ unknown key training.bf16; did you mean precision: bf16?
        training: {max_seq_length: 1}      ^ unknown key training.max_seq_length; did you mean data.max_length?
        method: {load_in_4bit: true}       ^ unknown key method.load_in_4bit; did you mean method.type: qlora?
        method: {lora_r: 8}                ^ unknown key method.lora_r; did you mean method.r?
        per_device_train_batch_size: 8     ^ unknown key per_device_train_batch_size; did you mean training.per_device_train_batch_size?
        num_train_epochs: 3                ^ unknown key num_train_epochs; did you mean training.num_train_epochs?
        lora_alpha: 16                     ^ unknown key lora_alpha; did you mean method.lora_alpha?
        adapter: qlora                     ^ unknown key adapter; did you mean method.type?
        training: {adapter: a}             ^ unknown key training.adapter; did you mean method.adapter?
        training: {block_size: 8}          ^ unknown key training.block_size; did you mean data.max_length?
        model_name_or_path: m              ^ unknown key model_name_or_path; did you mean model?
        output_dir: o                      ^ unknown key output_dir; did you mean output.dir?
        training: {deepspeed: ds.json}     ^ unknown key training.deepspeed; did you mean cluster.shard?
        training: {torch_compile: true}    ^ unknown key training.torch_compile; there is none here: the device determines the kernels
        """)
    void errorSuggestsTheKeyForAHuggingFaceName(String yaml, String message) {
        assertThatThrownBy(() -> load(", " + yaml)).hasMessage("run.yaml:1: " + message);
    }

    @Test
    void thePageIsUpToDate() throws IOException {
        if (Boolean.getBoolean("config.write")) {
            Files.createDirectories(PAGE.getParent());
            Files.writeString(PAGE, ComingFrom.markdown());
        }
        assertThat(PAGE)
                .as("write it with ./mvnw -pl conf test -Dtest=OtherNamesTest -Dconfig.write=true")
                .hasContent(ComingFrom.markdown());
    }
}
