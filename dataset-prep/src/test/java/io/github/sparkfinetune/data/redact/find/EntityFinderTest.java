package io.github.sparkfinetune.data.redact.find;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.redact.Entity;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class EntityFinderTest {
    private static final EntityFinder ALL =
            new EntityFinder(Arrays.stream(Entity.values()).map(Entity::name).toList(), List.of("US"));

    @Test
    void longestSpanNamesOverlappingOnes() {
        String text = "see https://example.com/?ssn=123-45-6780 and a@b.example.com";
        assertThat(ALL.find(text)).containsExactly(new Span(4, 40, Entity.URL), new Span(45, 60, Entity.EMAIL_ADDRESS));
    }

    @Test
    void overlappingSpansBecomeOneSpanOverAllOfThem() {
        assertThat(Overlaps.merged(List.of(
                        new Span(9, 12, Entity.URL),
                        new Span(0, 5, Entity.PHONE_NUMBER),
                        new Span(4, 10, Entity.US_SSN),
                        new Span(12, 14, Entity.URL))))
                .containsExactly(new Span(0, 12, Entity.US_SSN), new Span(12, 14, Entity.URL));
    }

    @Test
    void earlierEntityNamesEqualSpans() {
        assertThat(Overlaps.merged(List.of(new Span(1, 5, Entity.PHONE_NUMBER), new Span(1, 5, Entity.UK_NHS))))
                .containsExactly(new Span(1, 5, Entity.UK_NHS));
    }

    @Test
    void textWithoutEntitiesHasNoSpans() {
        assertThat(ALL.find("")).isEmpty();
        assertThat(ALL.find("Nothing here: 3 apples, 1.5 l, section 2.1, ::, @, . and 𝕏9"))
                .isEmpty();
    }
}
