package io.github.sparkfinetune.core.train.step;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.objective.TermWeights;
import io.github.sparkfinetune.data.dataset.Sample;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.util.BitSet;
import java.util.List;

/**
 * Facts about a step's global batch, which the ranks exchange before the step. A rank's message in the all-gather is
 * little-endian: the {@link TermWeights}; its numbers of samples and tokens as 64-bit integers; a byte, 1 if the rank
 * requests a checkpoint; its token ids as 32-bit integers, each once, in ascending order.
 *
 * @param weights weights of the objective over the global batch
 * @param ids token ids of the global batch, each once, in ascending order; empty if not needed
 * @param saves whether rank 0 requests a checkpoint
 */
record GlobalBatch(TermWeights weights, int[] ids, long samples, long tokens, boolean saves) {

    /**
     * Exchanges the facts with the other ranks.
     *
     * @param weights weights of the objective over this rank's samples
     * @param mine this rank's samples
     * @param withIds whether token ids are needed
     * @param saves whether this rank requests a checkpoint
     */
    static GlobalBatch of(
            Collective collective, TermWeights weights, List<Sample> mine, boolean withIds, boolean saves) {
        BitSet ids = new BitSet();
        if (withIds) {
            for (Sample sample : mine) {
                for (int id : sample.inputIds()) {
                    ids.set(id);
                }
            }
        }
        long tokens = mine.stream().mapToLong(Sample::length).sum();
        ByteBuffer message = ByteBuffer.allocate(
                        weights.bytes() + 2 * Long.BYTES + 1 + ids.cardinality() * Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        weights.write(message);
        message.putLong(mine.size()).putLong(tokens).put((byte) (saves ? 1 : 0));
        for (int id = ids.nextSetBit(0); id >= 0; id = ids.nextSetBit(id + 1)) {
            message.putInt(id);
        }
        return joined(collective.allGather(message.array()), weights.terms().length);
    }

    private static GlobalBatch joined(byte[][] messages, int terms) {
        TermWeights totals = TermWeights.of(new double[terms]);
        long samples = 0;
        long tokens = 0;
        // Not a set of objects: 64 ranks send half a million ids per step.
        BitSet union = new BitSet();
        for (byte[] bytes : messages) {
            ByteBuffer message = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            totals = totals.plus(TermWeights.read(message, terms));
            samples += message.getLong();
            tokens += message.getLong();
            IntBuffer ids = message.position(message.position() + 1).asIntBuffer();
            while (ids.hasRemaining()) {
                union.set(ids.get());
            }
        }
        boolean firstSaves = messages[0][totals.bytes() + 2 * Long.BYTES] != 0;
        return new GlobalBatch(totals, union.stream().toArray(), samples, tokens, firstSaves);
    }
}
