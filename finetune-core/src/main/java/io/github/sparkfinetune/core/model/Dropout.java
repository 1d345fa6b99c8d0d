package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.tensor.ParallelFor;
import io.github.sparkfinetune.data.dataset.Seeds;
import io.github.sparkfinetune.data.dataset.Seeds.Purpose;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Dropout masks that depend only on (seed, step, sample, layer, site, token, element). A sample has the same masks in
 * any batch, with any padding, on any rank, in a recomputation and after a resume.
 *
 * <p>Each row of a mask (a token's hidden state, or a query's probabilities) has a 64-bit key mixed from these values.
 * A counter hash over that key (SplitMix64's finaliser) yields 64-bit words. Each word decides four elements, with 15
 * bits each. Therefore the rate is a multiple of 1/32768, and {@link #scale} compensates exactly that rate.
 *
 * <p>Each site has its own buffer, which every step reuses, because backward reads the masks of all sites.
 */
final class Dropout {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;
    /** 2 * GOLDEN modulo 2^64. */
    private static final long TWICE = 0x3C6EF372FE94F82AL;

    private static final int LEVELS = 1 << 15;
    /** A one in each of the four 16-bit lanes of a word. */
    private static final long ONES = 0x0001_0001_0001_0001L;
    /** The low 15 bits of each lane. */
    private static final long LOW = 0x7FFF_7FFF_7FFF_7FFFL;
    /** The top bit of each lane. */
    private static final long HIGH = 0x8000_8000_8000_8000L;
    /** Elements that two words decide. */
    private static final int ELEMENTS = 8;

    private final long seed;
    private final int threads;
    private final Map<Long, ByteBuffer> buffers = new HashMap<>();

    /**
     * @param seed seed of the run
     * @param threads number of threads that fill rows; does not change the result
     */
    Dropout(long seed, int threads) {
        this.seed = seed;
        this.threads = threads;
    }

    private static int threshold(double rate) {
        return (int) Math.round(rate * LEVELS);
    }

    /** Returns the factor of kept elements, 1 / (1 - rate). */
    static double scale(double rate) {
        return 1 / (1 - threshold(rate) / (double) LEVELS);
    }

    /**
     * Returns a mask over all tokens of a batch, [N, width].
     *
     * @param step number of completed optimizer steps
     * @param siteId number of a site of the model; equal numbers have equal masks
     */
    NDArray tokens(NDManager manager, long step, Batch batch, long siteId, double rate, int width) {
        int[] firstRows = batch.firstRows();
        List<Run> runs = IntStream.range(0, firstRows.length)
                .mapToObj(i -> new Run(index(batch, i), 0, 0, batch.rows()[i], width, (long) firstRows[i] * width))
                .toList();
        return mask(manager, step, siteId, rate, runs, new Shape(batch.ids().size(), width));
    }

    /** Returns a mask over the first token of each sample, [B, width]. */
    NDArray firstTokens(NDManager manager, long step, Batch batch, long siteId, double rate, int width) {
        List<Run> runs = IntStream.range(0, batch.samples().size())
                .mapToObj(i -> new Run(index(batch, i), 0, 0, 1, width, (long) i * width))
                .toList();
        return mask(manager, step, siteId, rate, runs, new Shape(batch.samples().size(), width));
    }

    /** Returns a mask over the attention probabilities of each document, [heads, L, L], one after the other. */
    NDArray probs(NDManager manager, long step, Batch batch, long siteId, double rate, int heads) {
        List<Run> runs = new ArrayList<>();
        long at = 0;
        for (Batch.Document document : batch.documents()) {
            int length = document.length();
            for (int head = 0; head < heads; head++, at += (long) length * length) {
                if (document.sample() >= 0) {
                    long sample = index(batch, document.sample());
                    runs.add(new Run(sample, head, document.firstToken(), length, length, at));
                }
            }
        }
        return mask(manager, step, siteId, rate, runs, new Shape(at));
    }

    private static long index(Batch batch, int sample) {
        return batch.samples().get(sample).index();
    }

    /**
     * Returns a mask over the rows of a table that belongs to no sample, [rows, width].
     *
     * @param siteId number of a site of the model; equal numbers have equal masks
     */
    NDArray rows(NDManager manager, long step, long siteId, double rate, int rows, int width) {
        return mask(manager, step, siteId, rate, List.of(new Run(0, 0, 0, rows, width, 0)), new Shape(rows, width));
    }

    /** Consecutive rows of a mask, from element {@code at} on: some tokens of a sample, for one attention head. */
    private record Run(long sample, int head, int firstToken, int tokens, int width, long at) {}

    /** Returns the number of a site among all sites of a model. */
    static long siteId(int layer, DropoutSite site) {
        return (layer + 1L) * DropoutSite.CODES + site.code();
    }

    /** Returns the number of an adapter's input among all sites of a model. */
    static long siteId(int layer, String linear) {
        return Seeds.fold(Seeds.mix(linear.hashCode()), layer + 1L);
    }

    private NDArray mask(NDManager manager, long step, long siteId, double rate, List<Run> runs, Shape shape) {
        int size = Math.toIntExact(shape.size());
        ByteBuffer buffer = buffers.compute(
                siteId,
                (key, old) -> old != null && old.capacity() >= size
                        ? old
                        : ByteBuffer.allocateDirect(size).order(ByteOrder.LITTLE_ENDIAN));
        long key = Seeds.derive(seed, Purpose.DROPOUT, step, siteId);
        int threshold = threshold(rate);
        ParallelFor.run(runs.size(), threads, index -> {
            Run run = runs.get(Math.toIntExact(index));
            long rowKey = Seeds.fold(Seeds.fold(key, run.sample()), run.head());
            int at = Math.toIntExact(run.at());
            for (int t = 0; t < run.tokens(); t++, at += run.width()) {
                fill(buffer, at, run.width(), Seeds.fold(rowKey, run.firstToken() + t), threshold);
            }
        });
        return manager.create(buffer.slice(0, size).order(ByteOrder.nativeOrder()), shape, DataType.UINT8);
    }

    private static void fill(ByteBuffer buffer, int at, int width, long key, int threshold) {
        long add = HIGH - threshold * ONES;
        int whole = width / ELEMENTS * ELEMENTS;
        long counter = key;
        for (int i = 0; i < whole; i += ELEMENTS) {
            buffer.putLong(at + i, kept(counter, add));
            counter += TWICE;
        }
        long last = kept(counter, add);
        for (int i = whole; i < width; i++) {
            buffer.put(at + i, (byte) (last >>> ((i - whole) * Byte.SIZE)));
        }
    }

    /** Returns eight bytes, 1 where a 15-bit number reaches the threshold: the sum then sets the lane's top bit. */
    private static long kept(long counter, long add) {
        long even = (((Seeds.mix(counter + GOLDEN) & LOW) + add) >>> 15) & ONES;
        long odd = (((Seeds.mix(counter + TWICE) & LOW) + add) >>> 15) & ONES;
        return even | (odd << Byte.SIZE);
    }
}
