package io.github.sparkfinetune.data.corpus;

import io.github.sparkfinetune.conf.CorpusConfig;
import io.github.sparkfinetune.conf.CorpusConfig.Filter;
import io.github.sparkfinetune.conf.CorpusConfig.Masking;
import io.github.sparkfinetune.conf.CorpusConfig.Normalization;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What {@code data.corpus} does to one document by itself, in this order: it is normalised, masked, and goes through
 * the filters in the order of {@code data.corpus.filters}. Not for concurrent use.
 */
public final class CorpusCleaner {
    private final Normalization form;
    private final Masker masker;
    private final List<Named> filters = new ArrayList<>();
    private final DocumentText document = new DocumentText();

    private record Named(String name, DocumentFilter filter) {}

    /**
     * A document that was cleaned.
     *
     * @param text what is left of it, which may be blank; where it is rejected, what the filter saw that rejected it
     * @param rejectedBecause the rule that rejects it, named by its key below {@code data.corpus}; or null
     * @param masked how many placeholders it got, of each kind
     */
    public record Cleaned(String text, String rejectedBecause, Map<Masking, Integer> masked) {}

    /** @param filtered whether documents may be rejected, and lines of them left out */
    public CorpusCleaner(CorpusConfig config, boolean filtered) {
        this.form = config.normalize();
        this.masker = new Masker(config.mask(), config.phoneRegion());
        if (filtered) {
            config.filters()
                    .forEach(filter -> filters.add(
                            new Named(filter.name().toLowerCase(Locale.ROOT) + ".", filter(filter, config))));
        }
    }

    private static DocumentFilter filter(Filter filter, CorpusConfig config) {
        return switch (filter) {
            case GOPHER_QUALITY -> new GopherQuality(config.gopherQuality());
            case GOPHER_REPETITION -> new GopherRepetition(config.gopherRepetition());
            case C4 -> new C4(config.c4());
            case FINEWEB -> new Fineweb(config.fineweb());
        };
    }

    /**
     * Cleans a document.
     *
     * @param text which is not blank
     */
    public Cleaned clean(String text) {
        String masked = masker.mask(UnicodeForm.of(text, form));
        Map<Masking, Integer> counts = masker.counts();
        if (filters.isEmpty()) {
            return new Cleaned(masked, null, counts);
        }
        document.set(masked);
        if (document.isBlank()) {
            return new Cleaned("", null, counts);
        }
        for (Named named : filters) {
            String rule = named.filter().rejects(document);
            if (rule != null) {
                return new Cleaned(left(masked), named.name() + rule, counts);
            }
        }
        return new Cleaned(left(masked), null, counts);
    }

    private String left(String before) {
        return document.changed() ? document.toString() : before;
    }
}
