package io.github.sparkfinetune.data.redact;

import io.github.sparkfinetune.data.redact.find.Span;
import io.github.sparkfinetune.data.redact.find.SpanModel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Spans that a model finds in the texts of rows. A model reads many texts side by side, but a row is redacted text by
 * text. So rows are read ahead in blocks: each row of a block is redacted once to learn its texts, then the model reads
 * all texts of the block. Not for concurrent use.
 */
public final class ModelSpans {
    /** Rows of a block, enough that all cores have texts nearly all the time. */
    private static final int MOST_ROWS = 512;
    /** Characters of a block, from which on longer texts keep the cores busy too. */
    private static final int MOST_CHARACTERS = 1 << 17;

    /** The model, or null without one. */
    private final SpanModel model;

    private Map<String, List<Span>> known = Map.of();
    /** Texts of the rows that are read ahead; null while rows are redacted. */
    private Set<String> requested;

    private long characters;

    private ModelSpans(SpanModel model) {
        this.model = model;
    }

    /** Returns the spans of no model, for rows that only rules redact. */
    public static ModelSpans none() {
        return new ModelSpans(null);
    }

    /** Returns the spans of a model. */
    public static ModelSpans of(SpanModel model) {
        return new ModelSpans(model);
    }

    boolean hasModel() {
        return model != null;
    }

    boolean isReadingAhead() {
        return requested != null;
    }

    void request(String text) {
        if (requested.add(text)) {
            characters += text.length();
        }
    }

    /** Returns the spans of each text, in the order of the texts. */
    public List<List<Span>> find(List<String> texts) {
        return model.find(texts);
    }

    /** Returns the spans of a text; the model reads the text alone if no row ahead had it. */
    List<Span> of(String text) {
        if (model == null) {
            return List.of();
        }
        List<Span> found = known.get(text);
        return found != null ? found : model.find(List.of(text)).get(0);
    }

    /**
     * Returns the same rows, whose texts the model reads in blocks. Without a model they are not read ahead.
     *
     * @param redact redacts all texts of a row, by a redactor with these spans; the result is not used
     */
    public <T> Iterator<T> ahead(Iterator<T> rows, Consumer<T> redact) {
        return model == null ? rows : new Ahead<>(rows, redact);
    }

    private final class Ahead<T> implements Iterator<T> {
        private final Iterator<T> rows;
        private final Consumer<T> redact;
        private final Deque<T> block = new ArrayDeque<>();

        Ahead(Iterator<T> rows, Consumer<T> redact) {
            this.rows = rows;
            this.redact = redact;
        }

        @Override
        public boolean hasNext() {
            return !block.isEmpty() || rows.hasNext();
        }

        @Override
        public T next() {
            if (block.isEmpty()) {
                read();
            }
            if (block.isEmpty()) {
                throw new NoSuchElementException();
            }
            return block.remove();
        }

        private void read() {
            requested = new LinkedHashSet<>();
            characters = 0;
            List<String> texts;
            try {
                while (block.size() < MOST_ROWS && characters < MOST_CHARACTERS && rows.hasNext()) {
                    T row = rows.next();
                    block.add(row);
                    redact.accept(row);
                }
                texts = new ArrayList<>(requested);
            } finally {
                requested = null;
            }
            List<List<Span>> found = texts.isEmpty() ? List.of() : model.find(texts);
            known = new HashMap<>();
            for (int i = 0; i < texts.size(); i++) {
                known.put(texts.get(i), found.get(i));
            }
        }
    }
}
