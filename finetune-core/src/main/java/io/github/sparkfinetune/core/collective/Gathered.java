package io.github.sparkfinetune.core.collective;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.Consumer;

/** The ranks' values in one array. They travel in rounds, because a collective limits what is gathered at once. */
final class Gathered {
    /** Of a rank: 64 MiB. */
    static final int VALUES_A_ROUND = 8 << 20;

    private Gathered() {}

    static double[] values(Collective collective, double[] mine, int valuesARound) {
        int[] lengths = lengths(collective, mine);
        double[] all =
                new double[Math.toIntExact(Arrays.stream(lengths).asLongStream().sum())];
        int longest = Arrays.stream(lengths).max().orElseThrow();
        for (int done = 0; done < longest; done += valuesARound) {
            byte[][] round = collective.allGather(bytes(mine, done, valuesARound));
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

    /** @param most values of several ranks that come at once */
    static void pass(Collective collective, double[] mine, int most, Consumer<double[]> next) {
        int[] lengths = lengths(collective, mine);
        int first = 0;
        while (first < lengths.length) {
            long values = lengths[first];
            int end = first + 1;
            while (end < lengths.length && values + lengths[end] <= most) {
                values += lengths[end++];
            }
            boolean isAmong = first <= collective.rank() && collective.rank() < end;
            next.accept(values(collective, isAmong ? mine : new double[0], most));
            first = end;
        }
    }

    private static int[] lengths(Collective collective, double[] mine) {
        byte[] length = ByteBuffer.allocate(Integer.BYTES).putInt(mine.length).array();
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
