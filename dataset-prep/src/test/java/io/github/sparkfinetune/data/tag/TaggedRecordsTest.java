package io.github.sparkfinetune.data.tag;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.redact.Redacted;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TaggedRecordsTest {
    /** Reader whose cleaner removes "#", and cuts at 20 units. */
    private final TaggedRecords records = new TaggedRecords("text", "label", true, text -> {
        String kept = text.replace("#", "");
        return Redacted.unchanged(kept.substring(0, Math.min(20, kept.length())));
    });

    private TaggedWords read(String json) throws UnusableRowException {
        return records.read(json.replace('\'', '"'));
    }

    @Test
    void readsAListOfWordsWithATagEach() throws UnusableRowException {
        TaggedWords row = read("{'text': ['U.N.', 'of#', '#', 7], 'label': ['U-ORG', ' O ', 'B-X', 'L-X'], 'id': 1}");
        assertThat(row.words().text()).isEqualTo("U.N. of  7");
        assertThat(row.words().list()).containsExactly("U.N.", "of", "", "7");
        assertThat(row.tags()).containsExactly("B-ORG", "O", "B-X", "I-X");
        assertThat(row.isSplit()).isTrue();
        assertThat(row).hasToString("U.N. of  7");
        assertThat(read("{'text': ['a', 'b'], 'label': [3, 0]}").tags()).containsExactly("3", "0");
        // Words behind the cut are dropped.
        assertThat(read("{'text': ['0123456789', '0123456789', 'x'], 'label': ['A', 'B', 'C']}")
                        .words()
                        .list())
                .containsExactly("0123456789", "012345678", "");
    }

    @Test
    void readsSpansInCodePoints() throws UnusableRowException {
        // The first character is two UTF-16 units, and removed characters count in the places.
        TaggedWords row = read("{'text': '\ud83d\ude00 #Ada King, London', 'label':"
                + "[{'start': 13, 'end': 19, 'label': 'LOC', 'id': 2}, [2, 11, 'PER']]}");
        assertThat(row.words().list()).containsExactly("\ud83d\ude00", "Ada", "King", ",", "London");
        assertThat(row.tags()).containsExactly("O", "B-PER", "I-PER", "O", "B-LOC");
        assertThat(row.isSplit()).isFalse();
        // Spans may have white space at their ends, and a list may be a text, as in CSV.
        assertThat(read("{'text': 'in  Bonn now', 'label': '[[2, 9, \\'LOC\\']]'}")
                        .tags())
                .containsExactly("O", "B-LOC", "O");
        assertThat(read("{'text': 'no entity', 'label': []}").tags()).containsExactly("O", "O");
        // The cut is after 20 units. A span across the cut ends there, a span behind it is dropped.
        assertThat(read("{'text': '0123456789 0123456789 ab', 'label': [[11, 21, 'A'], [22, 24, 'B']]}")
                        .tags())
                .containsExactly("O", "B-A");
        TaggedWords unlabelled =
                new TaggedRecords("text", "label", false, Redacted::unchanged).read("{\"text\": \"a b\"}");
        assertThat(unlabelled.tags()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', quoteCharacter = '`', textBlock = """
        {'text': 'a'                                                   ^ malformed_record
        ['a']                                                          ^ malformed_record
        {'text': 'a', 'label': []} x                                   ^ malformed_record
        {'label': ['O']}                                               ^ no_text
        {'text': null, 'label': ['O']}                                 ^ no_text
        {'text': ['a']}                                                ^ no_label
        {'text': 5, 'label': []}                                       ^ bad_text
        {'text': ['a', null], 'label': ['O', 'O']}                     ^ bad_text
        {'text': ['a'], 'label': ['O', 'O']}                           ^ uneven_labels
        {'text': ['a'], 'label': []}                                   ^ uneven_labels
        {'text': ['a'], 'label': ['B-']}                               ^ malformed_tags
        {'text': ['a'], 'label': [' ']}                                ^ bad_label
        {'text': ['a'], 'label': [null]}                               ^ bad_label
        {'text': ['a'], 'label': [[0, 1, 'X']]}                        ^ bad_label
        {'text': ['a'], 'label': 'O'}                                  ^ bad_label
        {'text': 'a b', 'label': ['O', 'O']}                           ^ bad_label
        {'text': 'a b', 'label': {'start': 0}}                         ^ bad_label
        {'text': 'a b', 'label': [{'start': 0, 'end': 1}]}             ^ bad_label
        {'text': 'a b', 'label': [{'start': 0.5, 'end': 1, 'label': 'X'}]} ^ bad_label
        {'text': 'a b', 'label': [{'start': 0, 'end': 1, 'label': ' '}]}   ^ bad_label
        {'text': 'a b', 'label': [[0, 1, 'X', 2]]}                     ^ bad_label
        {'text': 'a b', 'label': [[1, 2, 'X']]}                        ^ bad_label
        {'text': 'a b', 'label': [[0, 4, 'X']]}                        ^ span_outside_text
        {'text': 'a b', 'label': [[-1, 1, 'X']]}                       ^ span_outside_text
        {'text': 'a b', 'label': [[1, 1, 'X']]}                        ^ span_outside_text
        {'text': 'a b', 'label': [[0, 9999999999, 'X']]}               ^ span_outside_text
        {'text': 'ab c', 'label': [[1, 2, 'X']]}                       ^ span_cuts_word
        {'text': 'ab cd', 'label': [[0, 4, 'X']]}                      ^ span_cuts_word
        {'text': 'a b c', 'label': [[2, 5, 'X'], [0, 3, 'Y']]}         ^ overlapping_spans
        """)
    void reportsWhyARowIsUnusable(String json, String reason) {
        UnusableRowException refused = catchThrowableOfType(UnusableRowException.class, () -> read(json));
        assertThat(refused).as(json).isNotNull();
        assertThat(refused.reason()).isEqualTo(reason);
    }
}
