package io.github.sparkfinetune.data.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.corpus.CorpusConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Compares verdicts with datatrove's, and words with spaCy's, see make_verdicts.py. */
class VerdictsGoldenTest {
    private static final Path GOLDEN = Path.of("src", "test", "resources", "corpus", "verdicts.jsonl");

    /** This project's names of datatrove's reasons. */
    private static final Map<String, String> REASONS = new HashMap<>(Map.ofEntries(
            Map.entry("gopher_short_doc", "min_doc_words"),
            Map.entry("gopher_above_avg_threshold", "max_avg_word_length"),
            Map.entry("gopher_below_avg_threshold", "min_avg_word_length"),
            Map.entry("gopher_too_many_hashes", "max_symbol_word_ratio"),
            Map.entry("gopher_too_many_ellipsis", "max_symbol_word_ratio"),
            Map.entry("gopher_too_many_bullets", "max_bullet_lines_ratio"),
            Map.entry("gopher_too_many_end_ellipsis", "max_ellipsis_lines_ratio"),
            Map.entry("gopher_below_alpha_threshold", "min_alpha_words_ratio"),
            Map.entry("gopher_enough_stop_words", "min_stop_words"),
            Map.entry("too_few_sentences", "min_num_sentences"),
            Map.entry("lorem_ipsum", "filter_lorem_ipsum"),
            Map.entry("curly_bracket", "filter_curly_bracket"),
            Map.entry("line_punct_ratio", "line_punct_thr"),
            Map.entry("short_line_ratio", "short_line_thr"),
            Map.entry("char_dup_ratio", "char_duplicates_ratio"),
            Map.entry("list_ratio", "new_line_ratio")));

    private final List<JsonNode> words = new ArrayList<>();
    private final List<JsonNode> documents = new ArrayList<>();
    private final CorpusConfig config = Corpora.config();

    VerdictsGoldenTest() throws IOException {
        ObjectMapper json = new ObjectMapper();
        for (String line : Files.readAllLines(GOLDEN)) {
            JsonNode row = json.readTree(line);
            (row.has("words") ? words : documents).add(row);
        }
        for (int n = 2; n <= 10; n++) {
            REASONS.put("top_" + n + "_gram", "top_n_grams." + n);
            REASONS.put("duplicated_" + n + "_n_grams", "dup_n_grams." + n);
        }
    }

    @Test
    void splitsWordsAsSpacy() {
        assertThat(words).hasSizeGreaterThan(10).allSatisfy(row -> {
            DocumentText document = new DocumentText();
            document.set(row.get("text").asText());
            List<String> found = new ArrayList<>();
            Words actual = document.words();
            for (int i = 0; i < actual.size(); i++) {
                found.add(new String(document.codePoints(), actual.start(i), actual.length(i)));
            }
            List<String> expected = new ArrayList<>();
            row.get("words").forEach(word -> expected.add(word.asText()));
            assertThat(found).isEqualTo(expected);
        });
    }

    @Test
    void givesTheVerdictsOfDatatrove() {
        same("gopher_quality", new GopherQuality(config.gopherQuality()), 6);
        same("gopher_repetition", new GopherRepetition(config.gopherRepetition()), 5);
        same("fineweb", new Fineweb(config.fineweb()), 4);
    }

    private Set<String> same(String name, DocumentFilter filter, int verdicts) {
        Set<String> found = new TreeSet<>();
        for (JsonNode row : documents) {
            String expected = row.get(name).isNull() ? null : row.get(name).asText();
            String actual = Corpora.verdict(filter, row.get("text").asText());
            assertThat(actual).as(row.toString()).isEqualTo(REASONS.getOrDefault(expected, expected));
            found.add(String.valueOf(actual));
        }
        assertThat(found).hasSizeGreaterThanOrEqualTo(verdicts);
        return found;
    }

    @Test
    void c4KeepsTheTextOfDatatrove() {
        C4 filter = new C4(config.c4());
        same("c4", filter, 3);
        DocumentText document = new DocumentText();
        for (JsonNode row : documents) {
            document.set(row.get("text").asText());
            if (filter.rejects(document) == null) {
                assertThat(document.length()).isEqualTo(row.get("c4_length").asInt());
                assertThat(document.toString().split("\n", -1))
                        .hasSize(row.get("c4_lines").asInt());
            }
        }
    }
}
