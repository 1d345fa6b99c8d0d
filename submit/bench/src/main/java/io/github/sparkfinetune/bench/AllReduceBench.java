package io.github.sparkfinetune.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.nccl.NcclRanks;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.HostBuffer;
import io.github.sparkfinetune.core.tensor.Torch;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Measures an all-reduce over processes on this machine: {@code AllReduceBench RANKS}. Prints, as gloo_all_reduce.py
 * does, the median of each size on rank 0 and the processor seconds of all ranks per GB of the buffer; the same of a
 * reduce-scatter and an all-gather, which {@code cluster.shard} uses; then the latency of a sum of one double.
 * {@code -Drepeats=N} measures N times instead of 21, after as many warm-up repeats. {@code -Dnccl=FOLDER} sums on one
 * GPU per rank, by NCCL of the libtorch in a folder.
 */
final class AllReduceBench {
    private static final int[] MEGABYTES = {1, 16, 64};
    private static final int WARM_UP_MEGABYTES = 256;
    private static final int REPEATS = Integer.getInteger("repeats", 21);
    private static final int SMALL_REPEATS = 100 * REPEATS;

    private static final String NCCL = System.getProperty("nccl");

    private AllReduceBench() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        if (arguments.length == 1) {
            RankProcesses.run(
                    AllReduceBench.class,
                    Integer.parseInt(arguments[0]),
                    Stream.of(
                                    "-Xmx128m",
                                    "-XX:+UseSerialGC",
                                    "-Drepeats=" + REPEATS,
                                    NCCL == null ? "" : "-Dnccl=" + NCCL)
                            .filter(option -> !option.isEmpty())
                            .toList(),
                    List.of());
            return;
        }
        int ranks = Integer.parseInt(arguments[1]);
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        try (Collective exchange = RankProcesses.join(Integer.parseInt(arguments[0]));
                Collective collective = NCCL == null ? exchange : onGpus(exchange)) {
            for (int megabytes : MEGABYTES) {
                try (Values values = collective.isOnDevice()
                        ? new OnGpu(collective.rank(), megabytes << 20)
                        : new OnHost(megabytes << 20)) {
                    for (Operation operation : Operation.of(collective.isOnDevice())) {
                        buffer(collective, values, operation, out);
                    }
                }
            }
            small(collective, ranks, out);
        }
    }

    private static Collective onGpus(Collective exchange) {
        return new NcclRanks(exchange.rank(), Path.of(NCCL), false, true, Duration.ofMinutes(1)).over(exchange);
    }

    /** An operation over the values of a buffer. */
    private enum Operation {
        ALL_REDUCE(2) {
            @Override
            Future<?> start(Collective exchange, ByteBuffer floats) {
                return exchange.allReduceAsync(floats);
            }
        },
        REDUCE_SCATTER(1) {
            @Override
            Future<?> start(Collective exchange, ByteBuffer floats) {
                return exchange.reduceScatterAsync(shares(exchange.size(), floats));
            }
        },
        ALL_GATHER(1) {
            @Override
            Future<?> start(Collective exchange, ByteBuffer floats) {
                return exchange.allGatherIntoAsync(shares(exchange.size(), floats));
            }
        };

        /** Number of times that a value passes a link. */
        private final int passes;

        Operation(int passes) {
            this.passes = passes;
        }

        abstract Future<?> start(Collective exchange, ByteBuffer floats);

        /** Shares are gathered in host memory. */
        static List<Operation> of(boolean onDevice) {
            return onDevice ? List.of(ALL_REDUCE, REDUCE_SCATTER) : List.of(values());
        }

        private static List<List<ByteBuffer>> shares(int ranks, ByteBuffer floats) {
            int size = floats.remaining() / ranks;
            return IntStream.range(0, ranks)
                    .mapToObj(rank -> List.of(
                            floats.slice(floats.position() + rank * size, size).order(floats.order())))
                    .toList();
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** Values that are summed. */
    private interface Values extends AutoCloseable {
        ByteBuffer floats();

        void setFirst(float value);

        /** Returns the first value, after the sum. */
        float first();

        @Override
        void close();
    }

    private static final class OnHost implements Values {
        private final ByteBuffer floats;

        OnHost(int bytes) {
            floats = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
        }

        @Override
        public ByteBuffer floats() {
            return floats;
        }

        @Override
        public void setFirst(float value) {
            floats.putFloat(0, value);
        }

        @Override
        public float first() {
            return floats.getFloat(0);
        }

        @Override
        public void close() {
            // The garbage collector frees the buffer.
        }
    }

    private static final class OnGpu implements Values {
        private final Device device;
        private final NDArray tensor;
        private final NDArray first;
        private final HostBuffer memory;

        OnGpu(int gpu, int bytes) {
            Torch.start(1);
            device = Device.of(gpu, true);
            tensor = device.manager().zeros(new Shape(bytes / Float.BYTES));
            first = tensor.get("0:1");
            memory = device.exchangeBuffer(tensor);
        }

        @Override
        public ByteBuffer floats() {
            return memory.bytes();
        }

        @Override
        public void setFirst(float value) {
            device.write(first, target -> target.put(value));
        }

        @Override
        public float first() {
            return device.read(first).getFloat();
        }

        @Override
        public void close() {
            device.manager().close();
        }
    }

    private static void buffer(Collective exchange, Values values, Operation operation, PrintWriter out) {
        int ranks = exchange.size();
        int bytes = values.floats().remaining();
        int megabytes = bytes >> 20;
        for (int i = 0; i < Math.max(REPEATS, Math.min(WARM_UP_MEGABYTES, 14 * REPEATS) / megabytes); i++) {
            await(exchange, values, operation);
        }
        long[] nanos = new long[REPEATS];
        double processor = ProcessorTime.seconds();
        for (int i = 0; i < REPEATS; i++) {
            values.setFirst(exchange.rank() + 1);
            exchange.barrier();
            long start = System.nanoTime();
            await(exchange, values, operation);
            nanos[i] = System.nanoTime() - start;
        }
        double[] used = {ProcessorTime.seconds() - processor};
        exchange.allReduce(used);
        Arrays.sort(nanos);
        double seconds = nanos[REPEATS / 2] / 1e9;
        if (exchange.rank() == 0) {
            out.printf(
                    Locale.ROOT,
                    "ours %s ranks %d MB %d median ms %.2f busbw GB/s %.2f cpu s/GB %.2f check %.0f%n",
                    operation,
                    ranks,
                    megabytes,
                    seconds * 1e3,
                    (double) operation.passes * (ranks - 1) / ranks * bytes / seconds / 1e9,
                    used[0] / REPEATS / bytes * 1e9,
                    values.first());
        }
    }

    private static void await(Collective exchange, Values values, Operation operation) {
        try {
            operation.start(exchange, values.floats()).get();
            // Waits for the GPU.
            values.first();
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
