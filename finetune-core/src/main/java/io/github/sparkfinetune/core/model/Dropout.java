package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.tensor.ParallelFor;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.Seeds;
import io.github.sparkfinetune.data.dataset.Seeds.Purpose;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Dropout masks that depend on nothing but (seed, step, sample, layer, site, token, element): the same for a sample in
 * any batch, at any padding, on any rank, in a recomputation and after a resume.
 *
 * <p>Each row of a mask (a token's hidden state, or a query's probabilities) has a 64-bit key mixed from these; every
 * 64 bits of a counter hash over that key (SplitMix64's finaliser) decide four elements, 15 bits each. So the rate is a
 * multiple of 1/32768, and {@link #scale} makes up for exactly that rate.
 *
 * <p>Masks live in buffers that are reused from step to step, one for each place, because backward reads them.
 */
final class Dropout {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;
    /** 2 * GOLDEN, as it wraps round. */
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
    private final Map<Use, ByteBuffer> buffers = new HashMap<>();

    /**
     * @param seed of the run
     * @param threads that fill rows, with the same result
     */
    Dropout(long seed, int threads) {
        this.seed = seed;
        this.threads = threads;
    }

    private static int threshold(double rate) {
        return (int) Math.round(rate * LEVELS);
    }

    /** Factor of the elements that are kept, 1 / (1 - rate). */
    static double scale(double rate) {
        return 1 / (1 - threshold(rate) / (double) LEVELS);
    }

    /**
     * Mask over hidden states: [B, T, width], or [N, width] of unpadded texts, or [B, width] for the first token alone.
     *
     * @param step optimizer steps done before this one
     * @param layer number of the layer, -1 for the other blocks
     * @param tokens how many tokens of a row have an element: T, or 1 for the first alone
     */
    NDArray hidden(
            NDManager manager,
            long step,
            PaddedBatch batch,
            int layer,
            DropoutSite site,
            double rate,
            int tokens,
            int width) {
        return mask(manager, step, batch, layer, site, rate, 1, tokens, width, hidden(batch, site, tokens, width));
    }

    private static Shape hidden(PaddedBatch batch, DropoutSite site, int tokens, int width) {
        if (tokens == 1 && site != DropoutSite.EMBEDDINGS) {
            return new Shape(batch.samples().size(), width);
        }
        return batch.isUnpadded()
                ? new Shape(rows(batch, tokens), width)
                : new Shape(batch.samples().size(), tokens, width);
    }

    /** Rows that so many tokens of each sample take. */
    private static long rows(PaddedBatch batch, int tokens) {
        return batch.isUnpadded() && tokens > 1
                ? Arrays.stream(batch.documents()).sum()
                : (long) batch.samples().size() * tokens;
    }

    /** Mask over attention probabilities: [B, heads, T, T]. */
    NDArray probs(NDManager manager, long step, PaddedBatch batch, int layer, double rate, int heads) {
        int length = batch.length();
        return mask(
                manager,
                step,
                batch,
                layer,
                DropoutSite.PROBS,
                rate,
                heads,
                length,
                length,
                new Shape(batch.samples().size(), heads, length, length));
    }

    /**
     * Mask over the tokens of a packed batch: [N, width].
     *
     * @param place a site of the model: equal places drop alike
     */
    NDArray packed(NDManager manager, long step, PackedBatch batch, long place, double rate, int width) {
        List<Run> runs = new ArrayList<>();
        int at = 0;
        for (Sample sample : batch.samples()) {
            runs.add(new Run(sample.index(), 0, 0, sample.length(), at));
            at += sample.length();
        }
        Shape shape = new Shape(batch.ids().size(), width);
        return mask(manager, step, place, 0, rate, runs, width, shape);
    }

    /** Masks over the attention probabilities of each document of a packed batch: [heads, L, L]. */
    List<NDArray> packedProbs(NDManager manager, long step, PackedBatch batch, int layer, double rate, int heads) {
        List<NDArray> masks = new ArrayList<>();
        for (Sample sample : batch.samples()) {
            int first = 0;
            for (int length : sample.documents()) {
                int computed = Math.toIntExact(batch.documents()[masks.size()]);
                masks.add(probs(manager, step, sample, first, computed, masks.size(), layer, rate, heads));
                first += length;
            }
        }
        return masks;
    }

    /** The same of texts that are unpadded. */
    List<NDArray> unpaddedProbs(NDManager manager, long step, PaddedBatch batch, int layer, double rate, int heads) {
        List<NDArray> masks = new ArrayList<>();
        for (Sample sample : batch.samples()) {
            int length = Math.toIntExact(batch.documents()[masks.size()]);
            masks.add(probs(manager, step, sample, 0, length, masks.size(), layer, rate, heads));
        }
        return masks;
    }

    private NDArray probs(
            NDManager manager,
            long step,
            Sample sample,
            int first,
            int length,
            int document,
            int layer,
            double rate,
            int heads) {
        List<Run> runs = new ArrayList<>();
        for (int head = 0; head < heads; head++) {
            runs.add(new Run(sample.index(), head, first, length, head * length));
        }
        long place = place(layer, DropoutSite.PROBS);
        return mask(manager, step, place, document, rate, runs, length, new Shape(heads, length, length));
    }

    /**
     * Mask over the rows of a table that belongs to no sample: [rows, width].
     *
     * @param place a site of the model: equal places drop alike
     */
    NDArray rows(NDManager manager, long step, long place, double rate, int rows, int width) {
        return mask(manager, step, place, 0, rate, List.of(new Run(0, 0, 0, rows, 0)), width, new Shape(rows, width));
    }

    /** Consecutive rows of a mask: some tokens of a sample, under one attention head. */
    private record Run(long sample, int head, int firstToken, int tokens, int firstRow) {}

    /** What a buffer is for. */
    private record Use(long place, int document) {}

    /** Number of a site among all of a model. */
    static long place(int layer, DropoutSite site) {
        return (layer + 1L) * DropoutSite.CODES + site.code();
    }

    /** Number of an adapter's input among all sites of a model. */
    static long place(int layer, String linear) {
        return Seeds.fold(Seeds.mix(linear.hashCode()), layer + 1L);
    }

    /** Mask over an adapter's input: [B tokens, width], or [N, width] of all tokens of unpadded texts. */
    NDArray adapter(NDManager manager, long step, PaddedBatch batch, long place, double rate, int tokens, int width) {
        List<Run> runs = runs(batch, 1, tokens);
        return mask(manager, step, place, 0, rate, runs, width, new Shape(rows(batch, tokens), width));
    }

    private static List<Run> runs(PaddedBatch batch, int heads, int tokens) {
        List<Run> runs = new ArrayList<>();
        int[] firstRows = batch.firstRows();
        for (int i = 0; i < firstRows.length; i++) {
            Sample sample = batch.samples().get(i);
            int masked = Math.min(tokens, Math.max(batch.counted(), sample.length()));
            for (int head = 0; head < heads; head++) {
                boolean unpadded = batch.isUnpadded() && tokens > 1;
                runs.add(new Run(sample.index(), head, 0, masked, unpadded ? firstRows[i] : runs.size() * tokens));
            }
        }
        return runs;
    }

    private NDArray mask(
            NDManager manager,
            long step,
            PaddedBatch batch,
            int layer,
            DropoutSite site,
            double rate,
            int heads,
            int tokens,
            int width,
            Shape shape) {
        return mask(manager, step, place(layer, site), 0, rate, runs(batch, heads, tokens), width, shape);
    }

    /** @param document number that chooses the buffer alone: masks do not depend on what is packed together */
    private NDArray mask(
            NDManager manager,
            long step,
            long place,
            int document,
            double rate,
            List<Run> runs,
            int width,
            Shape shape) {
        int size = Math.toIntExact(shape.size());
        ByteBuffer buffer = buffers.compute(
                new Use(place, document),
                (key, old) -> old != null && old.capacity() >= size
                        ? old
                        : ByteBuffer.allocateDirect(size).order(ByteOrder.LITTLE_ENDIAN));
        long key = Seeds.derive(seed, Purpose.DROPOUT, step, place);
        int threshold = threshold(rate);
        ParallelFor.run(runs.size(), threads, index -> {
            Run run = runs.get(Math.toIntExact(index));
            long rowKey = Seeds.fold(Seeds.fold(key, run.sample()), run.head());
            for (int t = 0; t < run.tokens(); t++) {
                fill(buffer, (run.firstRow() + t) * width, width, Seeds.fold(rowKey, run.firstToken() + t), threshold);
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

    /** Eight bytes, 1 where a 15-bit number is at or above the threshold: there the sum reaches the lane's top bit. */
    private static long kept(long counter, long add) {
        long even = (((Seeds.mix(counter + GOLDEN) & LOW) + add) >>> 15) & ONES;
        long odd = (((Seeds.mix(counter + TWICE) & LOW) + add) >>> 15) & ONES;
        return even | (odd << Byte.SIZE);
    }
}
