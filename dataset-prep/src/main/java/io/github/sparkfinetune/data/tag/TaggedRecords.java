package io.github.sparkfinetune.data.tag;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.data.dataset.RowJson;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.redact.Redacted;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * Reads rows, as JSON objects, as words with tags. A row is a list of words with a list of as many tags, or a text with
 * the spans of its entities. A span is {@code {"start": 0, "end": 5, "label": "PER"}} or {@code [0, 5, "PER"]}, counted
 * in code points with the end exclusive, as Python counts characters.
 *
 * <p>Spans hold whole words ({@link Words#found}); white space at their ends is ignored. A list of spans may be a text
 * that holds JSON, as in CSV.
 */
public final class TaggedRecords {
    /** Reason: the text is neither a text nor a list of words. */
    public static final String BAD_TEXT = "bad_text";
    /** Reason: the labels are neither tags nor spans, or not of the kind that fits the text. */
    public static final String BAD_LABEL = "bad_label";
    /** Reason: the numbers of tags and words differ. */
    public static final String UNEVEN_LABELS = "uneven_labels";
    /** Reason: a span begins or ends outside of the text. */
    public static final String OUTSIDE_TEXT = "span_outside_text";

    private final String textColumn;
    private final String labelColumn;
    private final boolean labelled;
    private final Function<String, Redacted> cleaner;

    /**
     * Creates a reader. Words that lie in one replaced part become one word, with the first of their tags that is of an
     * entity.
     *
     * @param labelled true if a row must have tags or spans, which are otherwise not read
     * @param cleaner cleans a text: may remove characters, replace parts, and cut it
     */
    public TaggedRecords(String textColumn, String labelColumn, boolean labelled, Function<String, Redacted> cleaner) {
        this.textColumn = textColumn;
        this.labelColumn = labelColumn;
        this.labelled = labelled;
        this.cleaner = cleaner;
    }

    /**
     * Reads one row.
     *
     * @param json an object of columns
     */
    public TaggedWords read(String json) throws UnusableRowException {
        JsonNode row = RowJson.object(json);
        JsonNode text = present(row, textColumn, UnusableRowException.NO_TEXT);
        JsonNode label = labelled ? present(row, labelColumn, UnusableRowException.NO_LABEL) : null;
        if (label != null && label.isTextual()) {
            label = RowJson.parse(label.textValue(), BAD_LABEL);
        }
        if (label != null && !label.isArray()) {
            throw new UnusableRowException(BAD_LABEL);
        }
        if (text.isArray()) {
            return split(text, label);
        }
        if (!text.isTextual()) {
            throw new UnusableRowException(BAD_TEXT);
        }
        return whole(text.textValue(), label);
    }

    /**
     * Returns the words of a row, each with its place in the cleaned text, without tags. Words that lie in one replaced
     * part have its place. A text's words are those before parts are replaced.
     */
    public Words words(String json) throws UnusableRowException {
        JsonNode text = present(RowJson.object(json), textColumn, UnusableRowException.NO_TEXT);
        if (text.isArray()) {
            Words raw = Words.joined(texts(text, BAD_TEXT));
            CleanText clean = CleanText.of(raw.text(), cleaner);
            return new Words(clean.text(), clean.starts(raw.starts()), clean.ends(raw.ends()));
        }
        if (!text.isTextual()) {
            throw new UnusableRowException(BAD_TEXT);
        }
        Redacted clean = cleaner.apply(wellFormed(text.textValue()));
        Words before = Words.found(clean.before());
        int[] starts = Arrays.stream(before.starts()).map(clean::start).toArray();
        int[] ends = Arrays.stream(before.ends()).map(clean::end).toArray();
        int kept = (int) Arrays.stream(starts)
                .filter(start -> start < clean.text().length())
                .count();
        return new Words(clean.text(), Arrays.copyOf(starts, kept), Arrays.copyOf(ends, kept));
    }

    private TaggedWords split(JsonNode list, JsonNode label) throws UnusableRowException {
        Words raw = Words.joined(texts(list, BAD_TEXT));
        List<String> tags = List.of();
        if (label != null) {
            List<String> given =
                    texts(label, BAD_LABEL).stream().map(String::strip).toList();
            if (given.stream().anyMatch(String::isEmpty)) {
                throw new UnusableRowException(BAD_LABEL);
            }
            if (given.size() != raw.size()) {
                throw new UnusableRowException(UNEVEN_LABELS);
            }
            tags = Iob2.of(given);
        }
        CleanText text = CleanText.of(raw.text(), cleaner);
        return merged(text.text(), text.starts(raw.starts()), text.ends(raw.ends()), tags);
    }

    /** Returns words of which those that share characters are one word. */
    private static TaggedWords merged(String text, int[] starts, int[] ends, List<String> tags) {
        List<String> kept = new ArrayList<>();
        int words = 0;
        for (int word = 0; word < starts.length; word++) {
            String tag = tags.isEmpty() ? null : tags.get(word);
            if (words > 0 && starts[word] < ends[words - 1]) {
                ends[words - 1] = Math.max(ends[words - 1], ends[word]);
                if (tag != null && kept.get(words - 1).equals(Iob2.OUTSIDE)) {
                    kept.set(words - 1, tag);
                }
                continue;
            }
            starts[words] = starts[word];
            ends[words++] = ends[word];
            if (tag != null) {
                kept.add(tag);
            }
        }
        return new TaggedWords(new Words(text, Arrays.copyOf(starts, words), Arrays.copyOf(ends, words)), kept, true);
    }

    private TaggedWords whole(String raw, JsonNode label) throws UnusableRowException {
        CleanText text = CleanText.of(wellFormed(raw), cleaner);
        Words words = Words.found(text.text());
        return new TaggedWords(words, label == null ? List.of() : Span.tags(words, spans(label, text)), false);
    }

    private static List<Span> spans(JsonNode list, CleanText text) throws UnusableRowException {
        List<Span> spans = new ArrayList<>();
        for (JsonNode span : list) {
            JsonNode start = span.isArray() ? span.path(0) : span.path("start");
            JsonNode end = span.isArray() ? span.path(1) : span.path("end");
            JsonNode label = span.isArray() ? span.path(2) : span.path("label");
            if (!start.isIntegralNumber() || !end.isIntegralNumber() || !label.isTextual()) {
                throw new UnusableRowException(BAD_LABEL);
            }
            String type = label.textValue().strip();
            if (type.isEmpty() || (span.isArray() && span.size() != 3)) {
                throw new UnusableRowException(BAD_LABEL);
            }
            if (start.longValue() < 0 || end.longValue() > text.points() || start.longValue() >= end.longValue()) {
                throw new UnusableRowException(OUTSIDE_TEXT);
            }
            Span whole = new Span(text.startOfPoint(start.intValue()), text.endOfPoint(end.intValue()), type);
            Span stripped = whole.stripped(text.text());
            if (stripped.start() < stripped.end()) {
                spans.add(stripped);
            } else if (whole.start() < text.text().length()) {
                // Only white space. A span behind the cut of a text is dropped silently with the text that it marks.
                throw new UnusableRowException(BAD_LABEL);
            }
        }
        return spans;
    }

    private static List<String> texts(JsonNode list, String otherwise) throws UnusableRowException {
        List<String> texts = new ArrayList<>();
        for (JsonNode text : list) {
            if (!text.isTextual() && !text.isNumber()) {
                throw new UnusableRowException(otherwise);
            }
            texts.add(wellFormed(text.asText()));
        }
        return texts;
    }

    /** Removes unpaired surrogates, which UTF-8 cannot encode. */
    private static String wellFormed(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    }

    private static JsonNode present(JsonNode row, String column, String otherwise) throws UnusableRowException {
        JsonNode value = row.get(column);
        if (value == null || value.isNull()) {
            throw new UnusableRowException(otherwise);
        }
        return value;
    }
}
