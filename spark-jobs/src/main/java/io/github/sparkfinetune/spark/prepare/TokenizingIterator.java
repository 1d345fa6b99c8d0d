package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Function;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.util.TaskCompletionListener;

/** Maps the rows of a partition with a tokenizer that is closed when the task ends, however it ends. */
final class TokenizingIterator<T> implements Iterator<T> {
    private final Iterator<InternalRow> rows;
    private final Step<T> step;
    private T next;

    /** What becomes of a row: null drops it. */
    interface Step<T> {
        T apply(InternalRow row);
    }

    private TokenizingIterator(Iterator<InternalRow> rows, Step<T> step) {
        this.rows = rows;
        this.step = step;
    }

    /** @param step is made once, with the opened tokenizer */
    static <T> Iterator<T> of(TokenizerFiles files, Iterator<InternalRow> rows, Function<TextTokenizer, Step<T>> step) {
        TextTokenizer tokenizer = TextTokenizer.open(files);
        TaskContext.get().addTaskCompletionListener((TaskCompletionListener) context -> tokenizer.close());
        return new TokenizingIterator<>(rows, step.apply(tokenizer));
    }

    @Override
    public boolean hasNext() {
        while (next == null && rows.hasNext()) {
            next = step.apply(rows.next());
        }
        return next != null;
    }

    @Override
    public T next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        T row = next;
        next = null;
        return row;
    }
}
