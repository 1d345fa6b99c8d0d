package io.github.sparkfinetune.data.redact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.redact.RedactConfig;
import io.github.sparkfinetune.conf.redact.RedactConfig.Operator;
import io.github.sparkfinetune.data.redact.find.Span;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ModelSpansTest {
    private final List<List<String>> read = new ArrayList<>();
    private final ModelSpans spans = ModelSpans.of(this::find);
    private final Redaction redaction = new Redaction(
            new RedactConfig(
                    List.of("URL", "PERSON"),
                    Operator.REPLACE,
                    Map.of(),
                    List.of("Bob"),
                    List.of(),
                    null,
                    null,
                    "tagger",
                    Map.of(),
                    0),
            null,
            new RedactionModel("tagger", "hash", Map.of("PER", "PERSON"), 0));
    private final Redactor redactor = redaction.open(spans);

    /** Finds the words that begin with a capital. */
    private List<List<Span>> find(List<String> texts) {
        read.add(List.copyOf(texts));
        return texts.stream()
                .map(text -> IntStream.range(0, text.length())
                        .filter(at -> Character.isUpperCase(text.charAt(at)))
                        .mapToObj(at -> new Span(at, at + 3, "PERSON"))
                        .toList())
                .toList();
    }

    @Test
    void theModelReadsTheTextsOfABlockTogether() {
        List<String> texts = List.of("ask Ann", "no one", "ask Ann", "ask Bob, Eve");
        List<String> redacted = new ArrayList<>();
        spans.ahead(texts.iterator(), redactor::redact)
                .forEachRemaining(text -> redacted.add(redactor.redact(text).text()));
        assertThat(redacted).containsExactly("ask <PERSON>", "no one", "ask <PERSON>", "ask Bob, <PERSON>");
        assertThat(read).containsExactly(List.of("ask Ann", "no one", "ask Bob, Eve"));
        // A text that no row had is read alone.
        assertThat(redactor.redact("then Eve").text()).isEqualTo("then <PERSON>");
        assertThat(read).hasSize(2);
    }

    @Test
    void longTextsEndABlock() {
        String longText = "a".repeat(100_000);
        List<String> texts = List.of(longText + 1, longText + 2, longText + 3);
        Iterator<String> rows = spans.ahead(texts.iterator(), redactor::redact);
        assertThat(rows.next()).isEqualTo(texts.get(0));
        assertThat(read).containsExactly(texts.subList(0, 2));
        rows.next();
        assertThat(rows.next()).isEqualTo(texts.get(2));
        assertThat(read).hasSize(2);
        assertThat(rows.hasNext()).isFalse();
        assertThatThrownBy(rows::next).isInstanceOf(NoSuchElementException.class);
    }

    @Test
    void aFailedRowLeavesTheBlock() {
        Iterator<String> rows = spans.ahead(List.of("a", "b").iterator(), text -> {
            throw new IllegalArgumentException(text);
        });
        assertThatThrownBy(rows::next).hasMessage("a");
        assertThat(redactor.redact("ask Ann").text()).isEqualTo("ask <PERSON>");
    }

    @Test
    void spansOfModelAndRulesBecomeOne() {
        assertThat(redactor.redact("see www.example.com/Ann or Ann").text()).isEqualTo("see <URL> or <PERSON>");
        assertThat(redactor.redact("see Www.example.com").counts()).isEqualTo(Map.of("URL", 1));
    }

    @Test
    void aRedactorCannotBeOpenedWithoutItsModel() {
        assertThatThrownBy(() -> redaction.open(ModelSpans.none()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("data.redact.model is tagger");
        assertThat(ModelSpans.none()
                        .ahead(List.of(1, 2).iterator(), row -> {
                            throw new IllegalStateException("read ahead");
                        })
                        .next())
                .isEqualTo(1);
    }
}
