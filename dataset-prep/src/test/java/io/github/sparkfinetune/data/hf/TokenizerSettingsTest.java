package io.github.sparkfinetune.data.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenizerSettingsTest {
    private static String both(String settings) {
        byte[] written =
                TokenizerSettings.forBothVersions(settings.getBytes(StandardCharsets.UTF_8), "tokenizer_config.json");
        return new String(written, StandardCharsets.UTF_8);
    }

    /**
     * transformers 4 knows neither the class nor a list of further tokens; transformers 5 still reads the older names.
     */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'tokenizer_class':'TokenizersBackend'}"
                        + "|{'tokenizer_class':'PreTrainedTokenizerFast','model_input_names':['input_ids','attention_mask']}",
                "{'tokenizer_class':'TokenizersBackend','model_input_names':['input_ids']}"
                        + "|{'tokenizer_class':'PreTrainedTokenizerFast','model_input_names':['input_ids']}",
                "{'tokenizer_class':'BertTokenizer','extra_special_tokens':['<a>','<b>']}"
                        + "|{'tokenizer_class':'BertTokenizer','additional_special_tokens':['<a>','<b>']}",
                "{'extra_special_tokens':['<a>'],'additional_special_tokens':['<b>']}"
                        + "|{'additional_special_tokens':['<b>']}"
            })
    void replacesNamesOfTransformers5ByNamesThatBothVersionsRead(String settings, String expected) {
        assertThat(JsonFiles.parseObject(both(settings.replace('\'', '"')), "written"))
                .isEqualTo(JsonFiles.parseObject(expected.replace('\'', '"'), "expected"));
    }

    @Test
    void keepsOtherSettings() {
        String settings =
                "{ \"tokenizer_class\" : \"BertTokenizer\", \"extra_special_tokens\": {\"image_token\": \"<i>\"} }";
        assertThat(both(settings)).isEqualTo(settings);
        assertThatThrownBy(() -> both("[]"))
                .isInstanceOf(RunException.class)
                .hasMessage("tokenizer_config.json is not a JSON object; the file is damaged");
    }
}
