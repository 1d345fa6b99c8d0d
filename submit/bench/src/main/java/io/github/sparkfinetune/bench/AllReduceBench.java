package io.github.sparkfinetune.bench;

import io.github.sparkfinetune.core.collective.Collective;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;

/**
 * Measures an all-reduce over processes on this machine: {@code AllReduceBench RANKS}. Prints, as gloo_all_reduce.py
 * does, the median of each size on rank 0 and the processor seconds of all ranks per GB of the buffer; then the latency
 * of a sum of one double. {@code -Drepeats=N} measures N times instead of 21, after as many warm-up repeats.
 */
final class AllReduceBench {
    private static final int[] MEGABYTES = {1, 16, 64};
    private static final int WARM_UP_MEGABYTES = 256;
    private static final int REPEATS = Integer.getInteger("repeats", 21);
    private static final int SMALL_REPEATS = 100 * REPEATS;

    private AllReduceBench() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        if (arguments.length == 1) {
            RankProcesses.run(
                    AllReduceBench.class,
                    Integer.parseInt(arguments[0]),
                    List.of("-Xmx128m", "-XX:+UseSerialGC", "-Drepeats=" + REPEATS),
                    List.of());
            return;
        }
        int ranks = Integer.parseInt(arguments[1]);
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        try (Collective exchange = RankProcesses.join(Integer.parseInt(arguments[0]))) {
            for (int megabytes : MEGABYTES) {
                buffer(exchange, megabytes, ranks, out);
            }
            small(exchange, ranks, out);
        }
    }

    private static void buffer(Collective exchange, int megabytes, int ranks, PrintWriter out) {
        ByteBuffer floats = ByteBuffer.allocateDirect(megabytes << 20).order(ByteOrder.nativeOrder());
        for (int i = 0; i < Math.max(REPEATS, Math.min(WARM_UP_MEGABYTES, 14 * REPEATS) / megabytes); i++) {
            await(exchange, floats);
        }
        long[] nanos = new long[REPEATS];
        double processor = ProcessorTime.seconds();
        for (int i = 0; i < REPEATS; i++) {
            floats.asFloatBuffer().put(0, exchange.rank() + 1);
            exchange.barrier();
            long start = System.nanoTime();
            await(exchange, floats);
            nanos[i] = System.nanoTime() - start;
        }
        double[] used = {ProcessorTime.seconds() - processor};
        exchange.allReduce(used);
        Arrays.sort(nanos);
        double seconds = nanos[REPEATS / 2] / 1e9;
        if (exchange.rank() == 0) {
            out.printf(
                    Locale.ROOT,
                    "ours ranks %d MB %d median ms %.2f busbw GB/s %.2f cpu s/GB %.2f check %.0f%n",
                    ranks,
                    megabytes,
                    seconds * 1e3,
                    2.0 * (ranks - 1) / ranks * floats.capacity() / seconds / 1e9,
                    used[0] / REPEATS / floats.capacity() * 1e9,
                    floats.asFloatBuffer().get(0));
        }
    }

    private static void await(Collective exchange, ByteBuffer floats) {
        try {
            exchange.allReduceAsync(floats).get();
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void small(Collective exchange, int ranks, PrintWriter out) {
        long[] nanos = new long[SMALL_REPEATS];
        double[] value = {1};
        for (int i = -SMALL_REPEATS; i < SMALL_REPEATS; i++) {
            long start = System.nanoTime();
            exchange.allReduce(value);
            value[0] = 1;
            nanos[Math.max(0, i)] = System.nanoTime() - start;
        }
        Arrays.sort(nanos);
        if (exchange.rank() == 0) {
            out.printf(
                    Locale.ROOT,
                    "ours ranks %d sum of a double: median us %.1f%n",
                    ranks,
                    nanos[SMALL_REPEATS / 2] / 1e3);
        }
    }
}
