package io.github.sparkfinetune.core.collective.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.UnixOperatingSystemMXBean;
import io.github.sparkfinetune.core.collective.LostRankException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Operations of an exchange whose ranks are threads, compared with plain sums. */
@Timeout(600)
class TcpExchangeTest {
    private static final int CHUNK_FLOATS = ExchangeOperation.CHUNK / Float.BYTES;

    @ParameterizedTest
    @CsvSource({"1, unix", "2, unix", "3, unix", "4, unix", "5, unix", "2, tcp", "3, tcp", "2, sealed", "3, sealed"})
    void sumsBuffersOfAnySizeToTheSameBitsOnEveryRank(int size, String way) throws Exception {
        List<Integer> lengths = List.of(
                0,
                1,
                2,
                3,
                4,
                5,
                6,
                1000,
                CHUNK_FLOATS - 1,
                CHUNK_FLOATS,
                size * CHUNK_FLOATS + 1,
                5 * CHUNK_FLOATS + 7);
        try (Ranks ranks = join(size, way)) {
            for (int length : lengths) {
                List<float[]> sums = ranks.play(exchange -> {
                    ByteBuffer floats = Ranks.floats(random(exchange.rank(), length));
                    exchange.allReduceAsync(floats).get();
                    return Ranks.values(floats);
                });
                double[] expected = new double[length];
                for (int rank = 0; rank < size; rank++) {
                    float[] addend = random(rank, length);
                    for (int i = 0; i < length; i++) {
                        expected[i] += addend[i];
                    }
                }
                for (float[] sum : sums) {
                    assertThat(Arrays.equals(sum, sums.get(0)))
                            .as("%d floats", length)
                            .isTrue();
                    double worst = 0;
                    for (int i = 0; i < length; i++) {
                        worst = Math.max(worst, Math.abs(sum[i] - expected[i]));
                    }
                    assertThat(worst).isLessThan(1e-6);
                }
            }
        }
    }

    private static Ranks join(int size, String way) throws Exception {
        return switch (way) {
            case "unix" -> Ranks.join(size);
            case "tcp" -> Ranks.joinByTcp(size);
            default -> Ranks.joinEncrypted(size, address -> address);
        };
    }

    @Test
    void sumsToTheSameBitsInEveryRun() throws Exception {
        Ranks.Part<float[]> part = exchange -> {
            ByteBuffer floats = Ranks.floats(random(exchange.rank(), 300_000));
            exchange.allReduceAsync(floats).get();
            return Ranks.values(floats);
        };
        try (Ranks first = Ranks.join(3);
                Ranks second = Ranks.join(3)) {
            assertThat(Arrays.equals(first.play(part).get(1), second.play(part).get(2)))
                    .isTrue();
        }
    }

    @Test
    void sumsOnlyFromPositionToLimit() throws Exception {
        try (Ranks ranks = Ranks.join(2)) {
            List<float[]> sums = ranks.play(exchange -> {
                ByteBuffer floats = Ranks.floats(1, 2, 3, 4);
                floats.position(4).limit(12);
                exchange.allReduceAsync(floats).get();
                assertThat(floats.position()).isEqualTo(4);
                return Ranks.values(floats.clear().order(ByteOrder.nativeOrder()));
            });
            assertThat(sums).allSatisfy(sum -> assertThat(sum).containsExactly(1, 4, 6, 4));
        }
    }

    @Test
    void runsManyOperationsInOrder() throws Exception {
        try (Ranks ranks = Ranks.join(3)) {
            List<double[]> sums = ranks.play(exchange -> {
                List<ByteBuffer> buffers = new ArrayList<>();
                List<Future<?>> futures = new ArrayList<>();
                for (int i = 0; i < 50; i++) {
                    ByteBuffer floats = Ranks.floats(constant(i + exchange.rank(), 1 + i * 3001));
                    buffers.add(floats);
                    futures.add(exchange.allReduceAsync(floats));
                }
                double[] sum = {exchange.rank(), 1};
                exchange.allReduce(sum);
                assertThat(futures).allMatch(Future::isDone);
                for (int i = 0; i < 50; i++) {
                    assertThat(Arrays.equals(Ranks.values(buffers.get(i)), constant(3 * i + 3, 1 + i * 3001)))
                            .isTrue();
                }
                return sum;
            });
            assertThat(sums).allSatisfy(sum -> assertThat(sum).containsExactly(3, 3));
        }
    }

    @Test
    void addsDoublesInRankOrder() throws Exception {
        double[] addends = {1e16, 1, -1e16, 1, 3};
        double expected = 0;
        for (double addend : addends) {
            expected += addend;
        }
        try (Ranks ranks = Ranks.join(5)) {
            List<Double> sums = ranks.play(exchange -> {
                // More values than one round sends.
                double[] values = new double[50_000];
                Arrays.fill(values, addends[exchange.rank()]);
                exchange.allReduce(values);
                assertThat(Arrays.stream(values).distinct()).hasSize(1);
                return values[0];
            });
            assertThat(sums).containsOnly(expected);
        }
    }

    @Test
    void gathersBytesOfAnyLengthInRankOrder() throws Exception {
        List<String> texts = List.of("", "x", "y".repeat(700_000), "zz");
        try (Ranks ranks = Ranks.join(4)) {
            List<List<String>> all = ranks.play(exchange -> {
                byte[][] blocks = exchange.allGather(texts.get(exchange.rank()).getBytes(StandardCharsets.US_ASCII));
                exchange.barrier();
                return List.of(blocks).stream()
                        .map(block -> new String(block, StandardCharsets.US_ASCII))
                        .toList();
            });
            assertThat(all).containsOnly(texts);
        }
    }

    @Test
    void namesBothOperationsWhenRanksCallDifferentOnes() throws Exception {
        try (Ranks ranks = Ranks.join(3)) {
            List<Throwable> failures = ranks.failures(exchange -> {
                exchange.barrier();
                if (exchange.rank() == 1) {
                    exchange.allReduce(new double[2]);
                } else {
                    exchange.allReduceAsync(Ranks.floats(1, 2, 3)).get();
                }
                return null;
            });
            assertThat(failures)
                    .allSatisfy(failure -> assertThat(failure)
                            .isInstanceOf(IllegalStateException.class)
                            .hasMessageContaining("rank 1")
                            .hasMessageContaining("operation 2, sum of doubles of 16 bytes")
                            .hasMessageContaining("operation 2, sum of floats of 12 bytes"));
            assertThatThrownBy(() -> ranks.exchange(0).barrier()).hasMessageContaining("operation 2");
        }
    }

    @Test
    void namesBothSizesWhenRanksSumDifferentSizes() throws Exception {
        try (Ranks ranks = Ranks.join(2)) {
            List<Throwable> failures = ranks.failures(exchange -> {
                exchange.allReduceAsync(Ranks.floats(new float[1000 + exchange.rank()]))
                        .get();
                return null;
            });
            assertThat(failures)
                    .allSatisfy(failure -> assertThat(failure)
                            .isInstanceOf(IllegalStateException.class)
                            .hasMessageContaining("4000 bytes")
                            .hasMessageContaining("4004 bytes"));
        }
    }

    @Test
    void refusesBuffersThatAreNotDirectFloats() throws Exception {
        try (Ranks ranks = Ranks.join(2)) {
            assertThatThrownBy(() -> ranks.exchange(0).allReduceAsync(ByteBuffer.allocate(8)))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() ->
                            ranks.exchange(0).allReduceAsync(Ranks.floats(1, 2).limit(6)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void stopsWaitingWhenInterrupted() throws Exception {
        try (Ranks ranks = Ranks.join(2)) {
            AtomicBoolean stopped = new AtomicBoolean();
            Thread caller = new Thread(() -> {
                try {
                    ranks.exchange(0).barrier();
                } catch (CancellationException e) {
                    stopped.set(Thread.currentThread().isInterrupted());
                }
            });
            caller.start();
            caller.interrupt();
            caller.join(5000);
            assertThat(stopped).isTrue();
            ranks.exchange(0).close();
            assertThatThrownBy(() -> ranks.exchange(1).barrier())
                    .isInstanceOf(LostRankException.class)
                    .hasMessageContaining("rank 0")
                    .hasMessageContaining("closed during an operation");
        }
    }

    @Test
    void stopsWaitingAndNotifiesTheOtherRanksWhenCancelled() throws Exception {
        AtomicBoolean cancelled = new AtomicBoolean();
        try (Ranks ranks = Ranks.join(2, Ranks.SHORT, cancelled::get)) {
            Future<?> waiting = ranks.exchange(0).allReduceAsync(Ranks.floats(1));
            cancelled.set(true);
            assertThatThrownBy(waiting::get).isInstanceOf(CancellationException.class);
            // The sum may already have all its addends; the barrier fails in any case.
            assertThatThrownBy(() -> {
                        ranks.exchange(1).allReduceAsync(Ranks.floats(1)).get();
                        ranks.exchange(1).barrier();
                    })
                    .hasMessageContaining("LostRankException")
                    .hasMessageContaining("rank 0")
                    .hasMessageContaining("cancelled");
        }
    }

    @Test
    void namesARankThatHasLeftInTheNextOperation() throws Exception {
        try (Ranks ranks = Ranks.join(3)) {
            ranks.play(exchange -> {
                exchange.barrier();
                return null;
            });
            ranks.exchange(1).close();
            for (int rank : new int[] {0, 2}) {
                assertThatThrownBy(() -> ranks.exchange(rank).barrier())
                        .isInstanceOf(LostRankException.class)
                        .hasMessageContaining("rank 1")
                        .hasMessageContaining("left the exchange")
                        .satisfies(
                                e -> assertThat(((LostRankException) e).rank()).isEqualTo(1));
            }
            assertThatThrownBy(() -> ranks.exchange(1).barrier()).hasMessageContaining("closed");
        }
    }

    @Test
    void closesQuicklyWithoutLeavingThreadsOrSockets() throws Exception {
        useAndClose();
        long before = openFiles();
        long start = System.nanoTime();
        useAndClose();
        assertThat(System.nanoTime() - start).isLessThan(3_000_000_000L);
        assertThat(openFiles()).isLessThanOrEqualTo(before);
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().startsWith("exchange-"));
    }

    private static void useAndClose() throws Exception {
        Ranks ranks = Ranks.join(4);
        ranks.play(exchange -> {
            exchange.allReduceAsync(Ranks.floats(1, 2, 3)).get();
            return null;
        });
        ranks.close();
        ranks.close();
    }

    private static long openFiles() {
        return ((UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getOpenFileDescriptorCount();
    }

    @Test
    void waitsForASlowRankUntilTheOperationDeadline() throws Exception {
        ExchangeTimeouts timeouts =
                new ExchangeTimeouts(Duration.ofSeconds(20), Duration.ofMillis(300), Duration.ofSeconds(2));
        try (Ranks ranks = Ranks.join(3, timeouts, () -> false)) {
            Future<?> early = ranks.exchange(0).allReduceAsync(Ranks.floats(1));
            Future<?> second = ranks.exchange(1).allReduceAsync(Ranks.floats(1));
            assertThatThrownBy(() -> early.get(1, TimeUnit.SECONDS)).isInstanceOf(TimeoutException.class);
            ranks.exchange(2).allReduceAsync(Ranks.floats(1)).get();
            early.get();
            second.get();
        }
        try (Ranks ranks = Ranks.join(3, timeouts, () -> false)) {
            Future<?> first = ranks.exchange(0).allReduceAsync(Ranks.floats(1));
            Future<?> second = ranks.exchange(1).allReduceAsync(Ranks.floats(1));
            for (Future<?> future : List.of(first, second)) {
                assertThatThrownBy(future::get)
                        .hasCauseInstanceOf(LostRankException.class)
                        .hasMessageContaining("rank 2")
                        .hasMessageContaining("did not take part");
            }
        }
    }

    private static float[] random(int seed, int length) {
        Random random = new Random(seed);
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = random.nextFloat() - 0.5f;
        }
        return values;
    }

    private static float[] constant(float value, int length) {
        float[] values = new float[length];
        Arrays.fill(values, value);
        return values;
    }
}
