package io.github.sparkfinetune.data.sft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.DropReason;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.sft.SftExample.Conversation;
import io.github.sparkfinetune.data.sft.SftExample.PromptCompletion;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Templates without generation blocks, and examples that cannot be encoded. */
class SftEncoderTest {
    private static final Conversation TALK =
            talk("user", "Hi \uD83D\uDE00", "assistant", "Hello. \n", "user", "And?", "assistant", "Bye");

    private static Conversation talk(String... turns) {
        List<Map<String, Object>> messages = new java.util.ArrayList<>();
        for (int i = 0; i < turns.length; i += 2) {
            messages.add(Map.of("role", turns[i], "content", turns[i + 1]));
        }
        return new Conversation(messages, -1, Map.of());
    }

    private static TokenizerFiles files(String template) throws IOException {
        return GoldenFolder.tokenizer("bpe").withChatTemplate(template);
    }

    private static String smolLm2() throws IOException {
        return GoldenFolder.json("text/chat.json").at("/templates/smollm2").asText();
    }

    private static Document encode(String template, SftExample example) throws IOException {
        TokenizerFiles files = files(template);
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            return new SftEncoder(tokenizer, files, "model m", SftLoss.of(true)).encode(example);
        }
    }

    /** Returns the runs of trained tokens, as texts. */
    private static List<String> trained(Document document) throws IOException {
        try (TextTokenizer tokenizer = TextTokenizer.open(GoldenFolder.tokenizer("bpe"))) {
            String marks = Arrays.stream(document.labels())
                    .mapToObj(label -> label == Sample.IGNORED ? " " : "x")
                    .collect(Collectors.joining());
            List<String> runs = new java.util.ArrayList<>();
            for (int from = marks.indexOf('x'); from >= 0; ) {
                int end = marks.indexOf(' ', from);
                int to = end < 0 ? marks.length() : end;
                int[] ids = Arrays.copyOfRange(document.labels(), from, to);
                runs.add(tokenizer.decode(ids) + (ids[ids.length - 1] == 2 ? "<end>" : ""));
                from = marks.indexOf('x', to);
            }
            return runs;
        }
    }

    @Test
    void trainsTheEndTokenOfAnswersWithoutGenerationBlocks() throws IOException {
        assertThat(trained(encode(smolLm2(), TALK))).containsExactly("Hello. \n<end>", "Bye<end>");
        // Without an end token the whole turn is trained.
        String bare = "{% for m in messages %}{{ m.role + ': ' + m.content + '\n' }}{% endfor %}"
                + "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}";
        // A token that reaches into the turn is part of it, as in transformers.
        assertThat(trained(encode(bare, TALK))).containsExactly("Hello. \n\n", " Bye\n");
    }

    @Test
    void namesATemplateThatDoesNotShowATurn() throws IOException {
        String last = "{{ messages[-1].content }}";
        assertThatThrownBy(() -> encode(last, TALK))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("the chat template of model m renders the first 1 message(s)")
                .hasMessageContaining("set data.chat_template");
        TokenizerFiles files = files(last);
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            SftEncoder encoder = new SftEncoder(tokenizer, files, "model m", SftLoss.of(true));
            assertThatThrownBy(encoder::check).hasMessageContaining("model m");
            new SftEncoder(tokenizer, files, "model m", SftLoss.of(false)).check();
        }
    }

    @Test
    void dropsAConversationThatTheAssistantBegins() throws IOException {
        Conversation first = talk("assistant", "Welcome", "user", "Hi", "assistant", "Hello");
        assertThat(encode(smolLm2(), first).droppedBecause()).isEqualTo(DropReason.ASSISTANT_FIRST);
        String marked = GoldenFolder.tokenizer("bpe").texts().chatTemplate();
        assertThat(trained(encode(marked, first))).containsExactly("Welcome<end>", "Hello<end>");
    }

    @Test
    void messagesNeedATemplateAndTextsDoNot() throws IOException {
        TokenizerFiles files = files(null);
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            SftEncoder encoder = new SftEncoder(tokenizer, files, "model m", SftLoss.of(true));
            assertThatThrownBy(() -> encoder.encode(TALK)).hasMessageContaining("model m has no chat template");
            Document document = encoder.encode(new PromptCompletion("One", " two"));
            assertThat(trained(document)).containsExactly(" two<end>");
            assertThat(document.labelTokens()).isEqualTo(document.length() - tokenizer.encodePlain("One").length);
        }
    }

    @Test
    void trainsAllTokensIfConfigured() throws IOException {
        TokenizerFiles files = files(smolLm2());
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            SftEncoder encoder = new SftEncoder(tokenizer, files, "model m", SftLoss.of(false));
            for (SftExample example : List.of(TALK, new PromptCompletion("One", " two"))) {
                Document document = encoder.encode(example);
                assertThat(document.labels()).isEqualTo(document.inputIds());
            }
        }
    }
}
