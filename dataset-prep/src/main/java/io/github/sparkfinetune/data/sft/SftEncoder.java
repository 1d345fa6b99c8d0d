package io.github.sparkfinetune.data.sft;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.DropReason;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.jinja.ChatTemplate;
import io.github.sparkfinetune.data.sft.SftExample.Conversation;
import io.github.sparkfinetune.data.sft.SftExample.PromptCompletion;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import io.github.sparkfinetune.data.tokenizer.TokenSpans;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Encodes examples as documents with the tokens and labels that TRL's {@code SFTTrainer} prepares. A prompt and its
 * completion are tokenized as one text. The completion gets the token that ends a text unless it ends with it. It
 * begins at the first token in which the prompt alone differs from both together. Not for concurrent use.
 */
public final class SftEncoder {

    /**
     * A prompt to generate from.
     *
     * @param text rendered text of the prompt
     * @param inputIds tokens of the prompt
     * @param reference answer of the row, or null
     */
    public record Prompt(String text, int[] inputIds, String reference) {}

    private final TextTokenizer tokenizer;
    private final ChatTemplate template;
    private final AssistantSpans spans;
    private final String eosToken;
    private final String name;
    private final SftLoss loss;

    /**
     * @param name name of the model or its template in messages
     * @throws RunException if the chat template cannot be read
     */
    public SftEncoder(TextTokenizer tokenizer, TokenizerFiles files, String name, SftLoss loss) {
        this.tokenizer = tokenizer;
        this.name = name;
        this.loss = loss;
        this.eosToken = files.special().byRole().get("eos_token");
        this.template = files.texts().chatTemplate() == null
                ? null
                : ChatTemplate.parse(
                        files.texts().chatTemplate(), name, files.special().byRole());
        this.spans = template == null ? null : new AssistantSpans(template, name, files.addedSpecialTokens());
    }

    /**
     * Refuses a template that does not show the assistant's turns of a plain conversation, before any row is read.
     *
     * @throws RunException that names the template
     */
    public void check() {
        encode(new Conversation(
                List.of(
                        message("user", "one"),
                        message("assistant", "two"),
                        message("user", "three"),
                        message("assistant", "four")),
                -1,
                Map.of()));
    }

    /**
     * Refuses a template that cannot render a plain prompt, before any row is read.
     *
     * @throws RunException that names the template
     */
    public void checkPrompt() {
        prompt(new Conversation(List.of(message("user", "text")), -1, Map.of()));
    }

    private static Map<String, Object> message(String role, String content) {
        return Map.of("role", role, "content", content);
    }

    /** Encodes an example with its answers, neither cut nor dropped for its length. */
    public Document encode(SftExample example) {
        if (example instanceof Conversation conversation) {
            return encode(conversation);
        }
        return encode((PromptCompletion) example);
    }

    /** Returns the prompt, or the messages before the assistant's last turn. */
    public Prompt prompt(SftExample example) {
        if (example instanceof PromptCompletion texts) {
            return new Prompt(
                    texts.prompt(), tokenizer.encodeDocument(texts.prompt(), Integer.MAX_VALUE), texts.completion());
        }
        Conversation conversation = (Conversation) example;
        int last = conversation.messages().size() - 1;
        boolean answered = last > 0 && conversation.isAssistant(last);
        String text = template()
                .render(conversation.messages().subList(0, answered ? last : last + 1), true, conversation.extra())
                .text();
        Object answer = answered ? conversation.messages().get(last).get("content") : null;
        return new Prompt(text, tokenizer.encodePlain(text), answer == null ? null : answer.toString());
    }

    private Document encode(Conversation conversation) {
        ChatTemplate.Rendered whole = template().render(conversation.messages(), false, conversation.extra());
        int[] ids;
        int[] labels;
        if (loss.assistantOnly()) {
            if (!spans.canFind(conversation)) {
                return Document.dropped(DropReason.ASSISTANT_FIRST);
            }
            TokenSpans tokens = tokenizer.encodeWithSpans(whole.text());
            ids = tokens.inputIds();
            labels = labels(tokens, spans.of(conversation, whole));
        } else {
            ids = tokenizer.encodePlain(whole.text());
            labels = ids.clone();
        }
        if (loss.completionOnly() && conversation.promptMessages() >= 0) {
            String prompt = template()
                    .render(
                            conversation.messages().subList(0, conversation.promptMessages()),
                            true,
                            conversation.extra())
                    .text();
            Arrays.fill(labels, 0, commonPrefix(tokenizer.encodePlain(prompt), ids), Sample.IGNORED);
        }
        return new Document(ids, labels);
    }

    private Document encode(PromptCompletion texts) {
        if (eosToken == null) {
            throw RunException.data(
                    name + ": tokenizer_config.json names no eos_token to end a completion with: add it");
        }
        String both = texts.prompt() + texts.completion();
        int[] ids = tokenizer.encodeDocument(
                texts.completion().endsWith(eosToken) ? both : both + eosToken, Integer.MAX_VALUE);
        int[] labels = ids.clone();
        if (loss.completionOnly()) {
            int[] prompt = tokenizer.encodeDocument(texts.prompt(), Integer.MAX_VALUE);
            Arrays.fill(labels, 0, commonPrefix(prompt, ids), Sample.IGNORED);
        }
        return new Document(ids, labels);
    }

    private ChatTemplate template() {
        if (template == null) {
            throw RunException.data(name + " has no chat template (chat_template.jinja, or chat_template in"
                    + " tokenizer_config.json) to render messages with: set data.chat_template to a file with one");
        }
        return template;
    }

    /** Labels the tokens that overlap a span. */
    private static int[] labels(TokenSpans tokens, List<ChatTemplate.Span> spans) {
        int[] labels = new int[tokens.inputIds().length];
        Arrays.fill(labels, Sample.IGNORED);
        int token = 0;
        for (ChatTemplate.Span span : spans) {
            while (token < labels.length && tokens.ends()[token] <= span.start()) {
                token++;
            }
            for (; token < labels.length && tokens.starts()[token] < span.end(); token++) {
                labels[token] = tokens.inputIds()[token];
            }
        }
        return labels;
    }

    private static int commonPrefix(int[] a, int[] b) {
        int different = Arrays.mismatch(a, b);
        return different < 0 ? a.length : different;
    }
}
