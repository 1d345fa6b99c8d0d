package io.github.sparkfinetune.data.corpus;

import io.github.sparkfinetune.conf.corpus.CorpusConfig;
import io.github.sparkfinetune.conf.corpus.CorpusConfig.Filter;
import io.github.sparkfinetune.conf.corpus.CorpusConfig.Masking;
import io.github.sparkfinetune.conf.corpus.CorpusConfig.Normalization;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Cleans one document by {@code data.corpus}: normalises it, masks it, then applies the filters in the order of
 * {@code data.corpus.filters}. Not for concurrent use.
 */
public final class CorpusCleaner {
    private final Normalization form;
    private final Masker masker;
    private final List<Named> filters = new ArrayList<>();
    private final DocumentText document = new DocumentText();

    private record Named(String name, DocumentFilter filter) {}

    /**
     * A cleaned document.
     *
     * @param text remaining text, which may be blank; of a rejected document the text as the rejecting filter saw it
     * @param rejectedBecause key of the rejecting rule below {@code data.corpus}, or null
     * @param masked number of placeholders put in, by kind
     */
    public record Cleaned(String text, String rejectedBecause, Map<Masking, Integer> masked) {}

    /** @param filtered true if documents may be rejected, and lines of documents left out */
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
     * @param text not blank
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
