package io.github.sparkfinetune.core.task;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Rows in the order of their inputs, computed lazily, one block at a time.
 *
 * @param <T> type of the inputs
 * @param <R> type of the rows
 */
public final class BlockwiseIterator<T, R> implements Iterator<R> {
    private final Iterator<T> inputs;
    private final int size;
    private final Function<List<T>, List<R>> compute;
    private final Predicate<T> continues;
    private final Deque<R> ready = new ArrayDeque<>();
    private T next;

    /**
     * Creates an iterator that reads {@code inputs} lazily.
     *
     * @param size number of inputs of a block
     * @param compute computes the rows of a block
     */
    public BlockwiseIterator(Iterator<T> inputs, int size, Function<List<T>, List<R>> compute) {
        this(inputs, size, compute, input -> false);
    }

    /** @param continues whether an input belongs to the previous input, so that no block begins with it */
    public BlockwiseIterator(Iterator<T> inputs, int size, Function<List<T>, List<R>> compute, Predicate<T> continues) {
        this.inputs = inputs;
        this.size = size;
        this.compute = compute;
        this.continues = continues;
    }

    @Override
    public boolean hasNext() {
        while (ready.isEmpty() && advance()) {
            List<T> block = new ArrayList<>();
            while (advance() && (block.size() < size || continues.test(next))) {
                block.add(next);
                next = null;
            }
            ready.addAll(compute.apply(block));
        }
        return !ready.isEmpty();
    }

    private boolean advance() {
        if (next == null && inputs.hasNext()) {
            next = inputs.next();
        }
        return next != null;
    }

    @Override
    public R next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        return ready.removeFirst();
    }
}
