package io.github.sparkfinetune.data.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a model folder's template and special tokens come from. */
class ChatTemplateTextTest {
    @TempDir
    Path folder;

    @Test
    void theFileWinsOverTheConfiguration() throws Exception {
        write(
                "tokenizer_config.json",
                "{'chat_template': 'config', 'bos_token': '<s>', 'eos_token': {'content': '</s>'},"
                        + " 'pad_token': null, 'add_bos_token': true, 'added_tokens_decoder': {}}");
        assertThat(model().source()).isEqualTo("config");
        assertThat(model().name()).endsWith("tokenizer_config.json");
        assertThat(model().specialTokens()).isEqualTo(Map.of("bos_token", "<s>", "eos_token", "</s>"));
        write("chat_template.jinja", "{{ bos_token }}é{{ messages[0].content }}{{ eos_token }}{{ pad_token }}");
        write("special_tokens_map.json", "{'pad_token': 'ignored'}");
        assertThat(model().name()).endsWith("chat_template.jinja");
        ChatTemplate template = travelled(model()).parse();
        assertThat(template.render(List.of(Map.of("content", "Hi")), false, Map.of())
                        .text())
                .isEqualTo("<s>éHi</s>");
    }

    @Test
    void namedTemplatesAndOlderSpecialTokens() throws IOException {
        write(
                "tokenizer_config.json",
                "{'chat_template': [{'name': 'tool_use', 'template': 't'},"
                        + " {'name': 'default', 'template': 'd'}], 'bos_token': 'old'}");
        write("special_tokens_map.json", "{'bos_token': {'content': 'new'}, 'additional_special_tokens': ['x']}");
        assertThat(model().source()).isEqualTo("d");
        assertThat(model().specialTokens()).isEqualTo(Map.of("bos_token", "new"));
        write("tokenizer_config.json", "{'chat_template': [{'name': 'tool_use', 'template': 't'}]}");
        assertThatThrownBy(this::model)
                .isInstanceOf(RunException.class)
                .hasMessageContaining("no template named default, only [tool_use]");
    }

    @Test
    void aFileInPlaceOfTheModels() throws IOException {
        write("tokenizer_config.json", "{'eos_token': '</s>'}");
        assertThatThrownBy(this::model)
                .isInstanceOf(RunException.class)
                .hasMessageContaining("has no chat template")
                .hasMessageContaining("data.chat_template");
        write("own.jinja", "own{{ eos_token }}");
        ChatTemplateText own = ChatTemplateText.ofFile(path("own.jinja"), path(""), new Configuration());
        assertThat(own.parse().render(List.of(), false, Map.of()).text()).isEqualTo("own</s>");
        assertThatThrownBy(() -> ChatTemplateText.ofFile(path("none.jinja"), path(""), new Configuration()))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("none.jinja does not exist");
    }

    private ChatTemplateText model() throws IOException {
        return ChatTemplateText.ofModel(path(""), new Configuration());
    }

    private org.apache.hadoop.fs.Path path(String file) {
        return new org.apache.hadoop.fs.Path(folder.resolve(file).toUri());
    }

    private void write(String file, String text) throws IOException {
        Files.writeString(folder.resolve(file), file.endsWith(".json") ? text.replace('\'', '"') : text);
    }

    private static ChatTemplateText travelled(ChatTemplateText text) throws IOException, ClassNotFoundException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(text);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            return (ChatTemplateText) in.readObject();
        }
    }
}
