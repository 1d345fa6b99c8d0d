package io.github.sparkfinetune.data.redact;

import io.github.sparkfinetune.conf.redact.RedactConfig;
import io.github.sparkfinetune.conf.redact.RedactConfig.Operator;
import io.github.sparkfinetune.data.redact.Redacted.Replacement;
import io.github.sparkfinetune.data.redact.find.EntityFinder;
import io.github.sparkfinetune.data.redact.find.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** Replaces the entities of texts by {@code data.redact}. Not for concurrent use. */
public final class Redactor {
    /** Most days by which a date is moved: a year, so that the age of a person stays about right. */
    private static final int MOST_DAYS = 365;

    private final RedactConfig config;
    private final ModelSpans byModel;
    private final EntityFinder finder;
    private final Set<String> keep;
    private final Surrogates surrogates;
    private final boolean begins;
    /** Scope of pseudonyms; empty for one scope of all rows. */
    private String scope = "";

    private int days;

    Redactor(RedactConfig config, RedactionKey key, ModelSpans byModel) {
        this.config = config;
        this.byModel = byModel;
        this.finder = new EntityFinder(config.entities(), config.phoneRegions());
        this.keep = Set.copyOf(config.keep());
        this.surrogates = key == null ? null : new Surrogates(key);
        this.begins = config.person() != null
                || config.entities().stream().anyMatch(entity -> config.operatorOf(entity) == Operator.DATE_SHIFT);
    }

    /**
     * Begins a row. Its dates move by equally many days, as all dates of its person. A row without a person is the only
     * row of a person of its own.
     *
     * @param person value of {@code data.redact.person}, or null
     * @param content supplies the raw content of the row; equal contents have equal days if there is no person
     */
    public void begin(String person, Supplier<String> content) {
        if (!begins) {
            return;
        }
        if (config.person() == null) {
            days = surrogates.number(content.get(), MOST_DAYS);
            return;
        }
        scope = person == null ? "row\0" + content.get() : "person\0" + person;
        days = surrogates.number(scope, MOST_DAYS);
    }

    /** Returns a text with its entities replaced. */
    public Redacted redact(String text) {
        if (byModel.isReadingAhead()) {
            byModel.request(text);
            return Redacted.unchanged(text);
        }
        List<Span> spans = finder.find(text, byModel.of(text));
        if (spans.isEmpty()) {
            return Redacted.unchanged(text);
        }
        StringBuilder redacted = new StringBuilder(text.length());
        List<Replacement> replacements = new ArrayList<>();
        int copied = 0;
        for (Span span : spans) {
            String value = text.substring(span.start(), span.end());
            if (keep.contains(value)) {
                continue;
            }
            redacted.append(text, copied, span.start());
            int start = redacted.length();
            redacted.append(replaced(span, value));
            replacements.add(new Replacement(span.start(), span.end(), start, redacted.length(), span.entity()));
            copied = span.end();
        }
        return new Redacted(text, redacted.append(text, copied, text.length()).toString(), replacements);
    }

    private String replaced(Span span, String value) {
        return switch (config.operatorOf(span.entity())) {
            case REPLACE -> named(span);
            case MASK -> "*".repeat(value.codePointCount(0, value.length()));
            case HASH -> surrogates.hash(value);
            case PSEUDONYM -> surrogates.pseudonym(value, scope);
            case DATE_SHIFT -> {
                String moved = DateShift.moved(value, -days);
                yield moved == null ? named(span) : moved;
            }
        };
    }

    private static String named(Span span) {
        return "<" + span.entity() + ">";
    }
}
