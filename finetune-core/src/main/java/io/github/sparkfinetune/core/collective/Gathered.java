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
    /** Values of a rank in one round: 64 MiB. */
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
        int[] lengths = lengths(collective, own);
        double[] all =
                new double[Math.toIntExact(Arrays.stream(lengths).asLongStream().sum())];
        int longest = Arrays.stream(lengths).max().orElseThrow();
        for (int done = 0; done < longest; done += valuesPerRound) {
            byte[][] round = collective.allGather(bytes(own, done, valuesPerRound));
            int at = 0;
            for (int rank = 0; rank < round.length; rank++) {
                ByteBuffer.wrap(round[rank])
                        .asDoubleBuffer()
                        .get(all, at + Math.min(done, lengths[rank]), round[rank].length / Double.BYTES);
                at += lengths[rank];
            }
        }
        return all;
    }

    /** @param most largest number of values of several ranks that are passed together */
    static void pass(Collective collective, double[] own, int most, Consumer<double[]> next) {
        int[] lengths = lengths(collective, own);
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

    private static int[] lengths(Collective collective, double[] own) {
        byte[] length = ByteBuffer.allocate(Integer.BYTES).putInt(own.length).array();
        return Arrays.stream(collective.allGather(length))
                .mapToInt(bytes -> ByteBuffer.wrap(bytes).getInt())
                .toArray();
    }

    private static byte[] bytes(double[] values, int from, int atMost) {
        int start = Math.min(from, values.length);
        int count = Math.min(atMost, values.length - start);
        ByteBuffer bytes = ByteBuffer.allocate(count * Double.BYTES);
        bytes.asDoubleBuffer().put(values, start, count);
        return bytes.array();
    }
}
