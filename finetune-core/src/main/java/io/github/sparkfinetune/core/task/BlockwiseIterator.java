package io.github.sparkfinetune.core.task;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Function;

/** Rows in the order of what they are computed from, a block at a time as they are asked for. */
final class BlockwiseIterator<T> implements Iterator<Object[]> {
    private final Iterator<T> inputs;
    private final int size;
    private final Function<List<T>, List<Object[]>> compute;
    private final Deque<Object[]> ready = new ArrayDeque<>();

    /**
     * Reads {@code inputs} lazily.
     *
     * @param size inputs of a block
     * @param compute the rows of a block
     */
    BlockwiseIterator(Iterator<T> inputs, int size, Function<List<T>, List<Object[]>> compute) {
        this.inputs = inputs;
        this.size = size;
        this.compute = compute;
    }

    @Override
    public boolean hasNext() {
        while (ready.isEmpty() && inputs.hasNext()) {
            List<T> block = new ArrayList<>();
            while (inputs.hasNext() && block.size() < size) {
                block.add(inputs.next());
            }
            ready.addAll(compute.apply(block));
        }
        return !ready.isEmpty();
    }

    @Override
    public Object[] next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        return ready.removeFirst();
    }
}
