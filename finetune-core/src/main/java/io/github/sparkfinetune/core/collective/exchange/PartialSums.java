package io.github.sparkfinetune.core.collective.exchange;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntPredicate;

/**
 * Incomplete sums of one rank, by block and chunk. Values are added in the order of {@link SumTree}, as soon as both
 * values of a pair are there, and in place where one of them may be overwritten.
 */
final class PartialSums {
    /** Location of values; sums are added into the earlier location of this order. */
    enum Memory {
        /** In this rank's own buffer, which must hold the whole sum in the end. */
        OWN,
        /** In a buffer of {@link ExchangeBuffers}. */
        LENT,
        /** In memory that is valid only during a call. */
        BORROWED
    }

    /**
     * Floats of a chunk.
     *
     * @param bytes floats from 0 to the buffer's limit
     * @param memory location of the bytes
     */
    record Values(ByteBuffer bytes, Memory memory) {}

    /**
     * A sum that is complete on this rank.
     *
     * @param node its node of the tree
     * @param values its floats, in memory that stays valid
     */
    record Sum(int node, Values values) {}

    private final SumTree tree;
    private final ExchangeBuffers buffers;
    private final Map<Long, Values[]> sums = new HashMap<>();

    PartialSums(SumTree tree, ExchangeBuffers buffers) {
        this.tree = tree;
        this.buffers = buffers;
    }

    /**
     * Puts a value into its chunk's tree, and adds up complete pairs.
     *
     * @param leaf node of the value
     * @param isComplete whether a node is the last that this rank adds up
     * @return the sum if it is complete
     */
    Optional<Sum> add(int block, int chunk, int leaf, Values value, IntPredicate isComplete) {
        Values[] nodes = sums.computeIfAbsent(key(block, chunk), absent -> new Values[tree.nodes()]);
        int node = leaf;
        Values sum = value;
        while (!isComplete.test(node)) {
            int sibling = tree.sibling(node);
            Values other = nodes[sibling];
            if (other == null) {
                nodes[node] = kept(sum);
                return Optional.empty();
            }
            nodes[sibling] = null;
            boolean intoOther = other.memory.compareTo(sum.memory) < 0;
            Values into = intoOther ? other : sum;
            Values added = intoOther ? sum : other;
            buffers.add(added.bytes, into.bytes);
            release(added);
            sum = into;
            node = tree.parent(node);
        }
        return Optional.of(new Sum(node, kept(sum)));
    }

    private Values kept(Values values) {
        if (values.memory != Memory.BORROWED) {
            return values;
        }
        ByteBuffer copy = buffers.take(values.bytes.remaining());
        copy.put(values.bytes.duplicate()).flip();
        return new Values(copy, Memory.LENT);
    }

    private void release(Values values) {
        if (values.memory == Memory.LENT) {
            buffers.back(values.bytes);
        }
    }

    /** Forgets a chunk whose sum is complete. */
    void forget(int block, int chunk) {
        sums.remove(key(block, chunk));
    }

    private static long key(int block, int chunk) {
        return (long) block << Integer.SIZE | chunk;
    }
}
