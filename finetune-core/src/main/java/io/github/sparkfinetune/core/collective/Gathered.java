package io.github.sparkfinetune.core.collective;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * Gathering of the ranks' values in one array. Values are sent in rounds, because a collective limits the size of one
 * gathering.
 */
final class Gathered {
    /** Values of a rank in one round: at most 64 MiB. */
    static final int VALUES_PER_ROUND = 8 << 20;

    private Gathered() {}

    /** Returns the shares of ranks that own equal parts of each buffer, by rank. */
    static List<List<ByteBuffer>> shares(List<ByteBuffer> memory, int ranks) {
        List<List<ByteBuffer>> shares = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
            List<ByteBuffer> share = new ArrayList<>();
            for (ByteBuffer whole : memory) {
                int length = whole.remaining() / ranks;
                if (length * ranks != whole.remaining()) {
                    throw new IllegalArgumentException(whole.remaining() + " bytes of " + ranks + " equal shares");
                }
                share.add(whole.slice(whole.position() + rank * length, length).order(whole.order()));
            }
            shares.add(share);
        }
        return shares;
    }

    static double[] values(Collective collective, double[] own, int valuesPerRound) {
        int[] lengths = lengths(collective, own.length);
        double[] all = new double[sum(lengths)];
        inRounds(
                collective,
                lengths,
                valuesPerRound,
                (from, count) -> {
                    ByteBuffer bytes = ByteBuffer.allocate(count * Double.BYTES);
                    bytes.asDoubleBuffer().put(own, from, count);
                    return bytes.array();
                },
                (bytes, at) -> bytes.asDoubleBuffer().get(all, at, bytes.remaining() / Double.BYTES));
        return all;
    }

    static float[] values(Collective collective, float[] own, int valuesPerRound) {
        int[] lengths = lengths(collective, own.length);
        float[] all = new float[sum(lengths)];
        inRounds(
                collective,
                lengths,
                valuesPerRound,
                (from, count) -> {
                    ByteBuffer bytes = ByteBuffer.allocate(count * Float.BYTES);
                    bytes.asFloatBuffer().put(own, from, count);
                    return bytes.array();
                },
                (bytes, at) -> bytes.asFloatBuffer().get(all, at, bytes.remaining() / Float.BYTES));
        return all;
    }

    /** Bytes of some of this rank's values. */
    private interface Own {
        byte[] bytes(int from, int count);
    }

    /** Receiver of a rank's bytes of a round, which begin at an index among the values of all ranks. */
    private interface Round {
        void take(ByteBuffer bytes, int at);
    }

    private static void inRounds(Collective collective, int[] lengths, int valuesPerRound, Own own, Round received) {
        int longest = Arrays.stream(lengths).max().orElseThrow();
        for (int done = 0; done < longest; done += valuesPerRound) {
            int from = Math.min(done, lengths[collective.rank()]);
            byte[][] round =
                    collective.allGather(own.bytes(from, Math.min(valuesPerRound, lengths[collective.rank()] - from)));
            int at = 0;
            for (int rank = 0; rank < round.length; rank++) {
                received.take(ByteBuffer.wrap(round[rank]), at + Math.min(done, lengths[rank]));
                at += lengths[rank];
            }
        }
    }

    private static int sum(int[] lengths) {
        return Math.toIntExact(Arrays.stream(lengths).asLongStream().sum());
    }

    /** @param most largest number of values of several ranks that are passed together */
    static void pass(Collective collective, double[] own, int most, Consumer<double[]> next) {
        int[] lengths = lengths(collective, own.length);
        int first = 0;
        while (first < lengths.length) {
            long values = lengths[first];
            int end = first + 1;
            while (end < lengths.length && values + lengths[end] <= most) {
                values += lengths[end++];
            }
            boolean isAmong = first <= collective.rank() && collective.rank() < end;
            next.accept(values(collective, isAmong ? own : new double[0], most));
            first = end;
        }
    }

    private static int[] lengths(Collective collective, int own) {
        byte[] length = ByteBuffer.allocate(Integer.BYTES).putInt(own).array();
        return Arrays.stream(collective.allGather(length))
                .mapToInt(bytes -> ByteBuffer.wrap(bytes).getInt())
                .toArray();
    }
}
