package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Function;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;

/** Maps the rows of a partition with a tokenizer. The tokenizer is closed when the task ends, also after a failure. */
public final class TokenizingIterator<C, T> implements Iterator<T> {
    private final Iterator<CleanRow<C>> rows;
    private final Function<CleanRow<C>, T> step;
    private T next;

    private TokenizingIterator(Iterator<CleanRow<C>> rows, Function<CleanRow<C>, T> step) {
        this.rows = rows;
        this.step = step;
    }

    /**
     * Opens the tokenizer.
     *
     * @param step creates the mapping once, with the open tokenizer; the mapping returns null to drop a row
     */
    public static <C, T> Iterator<T> of(
            TokenizerFiles files, Iterator<CleanRow<C>> rows, Function<TextTokenizer, Function<CleanRow<C>, T>> step) {
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
