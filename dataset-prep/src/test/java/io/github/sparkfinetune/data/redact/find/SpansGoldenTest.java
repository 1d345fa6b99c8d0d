package io.github.sparkfinetune.data.redact.find;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.redact.Entity;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;

/**
 * Compares with the spans of presidio-analyzer's rules (redact/make_spans.py). {@code better.json} lists the texts, by
 * their index, whose spans differ on purpose, by the reason.
 */
class SpansGoldenTest {
    private static final double LEAST_EQUAL = 0.98;

    @Test
    void spansAreThoseOfPresidioExceptForNamedTexts() throws IOException {
        Set<Integer> better = new TreeSet<>();
        for (JsonNode indices : read("better.json")) {
            indices.forEach(index -> better.add(index.intValue()));
        }
        // Presidio has no rule for this entity.
        EnumSet<Entity> entities = EnumSet.complementOf(EnumSet.of(Entity.FR_NIR));
        EntityFinder finder = new EntityFinder(
                entities.stream().map(Entity::name).toList(), List.of("US", "GB", "DE", "FR", "IL", "IN", "CA", "BR"));
        JsonNode rows = read("spans.json");
        SoftAssertions softly = new SoftAssertions();
        Set<Integer> different = new TreeSet<>();
        Set<Entity> seen = EnumSet.noneOf(Entity.class);
        for (int i = 0; i < rows.size(); i++) {
            String text = rows.get(i).path("text").textValue();
            List<Span> expected = spans(rows.get(i), text);
            expected.forEach(span -> seen.add(Entity.valueOf(span.entity())));
            List<Span> found = finder.find(text);
            if (!found.equals(expected)) {
                different.add(i);
            }
            if (!better.contains(i)) {
                softly.assertThat(found).as(i + ": " + text).isEqualTo(expected);
            }
        }
        softly.assertAll();
        assertThat(different).as("texts that better.json names").isEqualTo(better);
        assertThat(different.size()).isLessThan((int) ((1 - LEAST_EQUAL) * rows.size()));
        assertThat(rows).hasSize(1000);
        assertThat(seen).as("entities of the texts").hasSizeGreaterThan(15);
    }

    private static List<Span> spans(JsonNode row, String text) {
        List<Span> spans = new ArrayList<>();
        for (JsonNode span : row.path("spans")) {
            spans.add(new Span(
                    text.offsetByCodePoints(0, span.get(0).intValue()),
                    text.offsetByCodePoints(0, span.get(1).intValue()),
                    Entity.valueOf(span.get(2).textValue())));
        }
        return spans;
    }

    private static JsonNode read(String name) throws IOException {
        try (InputStream in = SpansGoldenTest.class.getResourceAsStream("/redact/" + name)) {
            return new ObjectMapper().readTree(in);
        }
    }
}
