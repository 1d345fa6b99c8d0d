package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ParallelFor;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.data.dataset.Seeds;
import io.github.sparkfinetune.data.dataset.Seeds.Purpose;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Dropout masks that depend only on (seed, step, sample, layer, site, token, element). A sample has the same masks in
 * any batch, with any padding, on any rank and device, in a recomputation and after a resume.
 *
 * <p>Each row of a mask (a token's hidden state, or a query's probabilities) has a 64-bit key mixed from these values.
 * A counter hash over that key (SplitMix64's finaliser) yields 64-bit words. Each word decides four elements, with 15
 * bits each. Therefore the rate is a multiple of 1/32768, and {@link #scale} compensates exactly that rate.
 *
 * <p>Java fills masks of the CPU, in a buffer for each name of a site, which all layers and steps reuse. A GPU makes
 * its masks by the script, see dropout_masks.py.
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
    private final Map<String, ByteBuffer> buffers = new HashMap<>();

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
     * A mask.
     *
     * @param name name of the site in the script
     * @param siteId number of the site among all sites of the model; equal numbers have equal masks
     * @param rate probability of an element to be dropped
     * @param rows rows of the mask
     * @param width elements of a row, unless the rows decide their own width
     */
    record Mask(String name, long siteId, double rate, MaskRows rows, int width) {
        /** Returns the summand that sets the top bit of each lane of a word that keeps its element. */
        private long added() {
            return HIGH - threshold(rate) * ONES;
        }
    }

    /** Returns the number of a site among all sites of a model. */
    static long siteId(int layer, DropoutSite site) {
        return (layer + 1L) * DropoutSite.CODES + site.code();
    }

    /** Returns the number of an adapter's input among all sites of a model. */
    static long siteId(int layer, String linear) {
        return Seeds.fold(Seeds.mix(linear.hashCode()), layer + 1L);
    }

    /**
     * Returns the masks of a call of a block.
     *
     * @param script script of the model
     * @param step number of completed optimizer steps
     * @param rowOwner owner of the tensors of rows that masks on a GPU share
     */
    BlockMasks of(ScriptModule script, long step, List<Mask> masks, NDManager rowOwner) {
        return masks.isEmpty()
                ? BlockMasks.NONE
                : Device.of(rowOwner).readsInPlace()
                        ? new OnHost(step, masks)
                        : new OnDevice(script, step, masks, rowOwner);
    }

    private long key(long step, Mask mask) {
        return Seeds.derive(seed, Purpose.DROPOUT, step, mask.siteId());
    }

    /** Masks that Java fills. */
    private final class OnHost implements BlockMasks {
        private final long step;
        private final List<Mask> masks;

        OnHost(long step, List<Mask> masks) {
            this.step = step;
            this.masks = masks;
        }

        @Override
        public Map<String, NDArray> make(NDManager owner) {
            Map<String, NDArray> made = new LinkedHashMap<>();
            for (Mask mask : masks) {
                int size = Math.toIntExact(mask.rows().shape(mask.width()).size());
                ByteBuffer buffer = buffers.compute(
                        mask.name(),
                        (name, old) -> old != null && old.capacity() >= size ? old : ByteBuffer.allocateDirect(size));
                fill(mask, key(step, mask), buffer.slice(0, size));
                made.put(
                        mask.name(),
                        owner.create(
                                buffer.slice(0, size).order(ByteOrder.nativeOrder()),
                                mask.rows().shape(mask.width()),
                                DataType.UINT8));
            }
            return made;
        }

        @Override
        public void restore(Map<String, NDArray> made) {
            for (Mask mask : masks) {
                NDArray tensor = made.get(mask.name());
                fill(mask, key(step, mask), Device.of(tensor.getManager()).read(tensor));
            }
        }
    }

    private void fill(Mask mask, long key, ByteBuffer memory) {
        List<MaskRows.Run> runs = mask.rows().runs();
        int[] starts = new int[runs.size()];
        for (int i = 1; i < starts.length; i++) {
            MaskRows.Run before = runs.get(i - 1);
            starts[i] = starts[i - 1] + before.rows() * mask.rows().width(before, mask.width());
        }
        ByteBuffer words = memory.order(ByteOrder.LITTLE_ENDIAN);
        ParallelFor.run(runs.size(), threads, index -> {
            MaskRows.Run run = runs.get(Math.toIntExact(index));
            int width = mask.rows().width(run, mask.width());
            long rowKey = Seeds.fold(Seeds.fold(key, run.sample()), run.head());
            int at = starts[Math.toIntExact(index)];
            for (int t = 0; t < run.rows(); t++, at += width) {
                fill(words, at, width, Seeds.fold(rowKey, (long) run.firstToken() + t), mask.added());
            }
        });
    }

    private static void fill(ByteBuffer buffer, int at, int width, long key, long added) {
        int whole = width / ELEMENTS * ELEMENTS;
        long counter = key;
        for (int i = 0; i < whole; i += ELEMENTS) {
            buffer.putLong(at + i, kept(counter, added));
            counter += TWICE;
        }
        long last = kept(counter, added);
        for (int i = whole; i < width; i++) {
            buffer.put(at + i, (byte) (last >>> ((i - whole) * Byte.SIZE)));
        }
    }

    /** Returns eight bytes, 1 where a 15-bit number reaches the threshold: the sum then sets the lane's top bit. */
    private static long kept(long counter, long added) {
        long even = (((Seeds.mix(counter + GOLDEN) & LOW) + added) >>> 15) & ONES;
        long odd = (((Seeds.mix(counter + TWICE) & LOW) + added) >>> 15) & ONES;
        return even | (odd << Byte.SIZE);
    }

    /** Masks that the script makes on the device. Masks of the same rows are made in one call. */
    private final class OnDevice implements BlockMasks {
        private final ScriptModule script;
        private final long step;
        private final Map<MaskRows, List<Mask>> masks = new LinkedHashMap<>();
        private final NDManager rowOwner;

        OnDevice(ScriptModule script, long step, List<Mask> all, NDManager rowOwner) {
            this.script = script;
            this.step = step;
            this.rowOwner = rowOwner;
            all.forEach(mask -> masks.computeIfAbsent(mask.rows(), rows -> new ArrayList<>())
                    .add(mask));
        }

        @Override
        public Map<String, NDArray> make(NDManager owner) {
            Map<String, NDArray> made = new LinkedHashMap<>();
            masks.forEach((rows, some) -> {
                List<NDArray> all = script.call(
                        owner,
                        "dropout_masks",
                        rows.terms(rowOwner),
                        some.stream().mapToLong(mask -> key(step, mask)).toArray(),
                        some.stream().mapToLong(Mask::added).toArray(),
                        some.stream()
                                .flatMapToLong(mask -> rows.widths(mask.width()))
                                .toArray(),
                        rows.isFlat());
                for (int i = 0; i < all.size(); i++) {
                    Mask mask = some.get(i);
                    made.put(mask.name(), all.get(i));
                }
            });
            return made;
        }

        @Override
        public void restore(Map<String, NDArray> made) {
            // Every call of make has its own memory.
        }
    }
}
