package io.github.sparkfinetune.core.collective.nccl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.core.collective.LostRankException;
import io.github.sparkfinetune.core.collective.exchange.Ranks;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class NcclCollectiveTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Duration SHORT = Duration.ofMillis(200);

    private final ConcurrentHashMap<Integer, FakeNccl> fakes = new ConcurrentHashMap<>();
    private final Queue<ByteBuffer> memories = new ConcurrentLinkedQueue<>();

    /** Work of a rank. */
    private interface Work<T> {
        T run(NcclCollective collective, FakeNccl nccl) throws Exception;
    }

    /** Runs work on each rank, and closes the collectives together. */
    private <T> List<T> play(int size, Duration deadline, Work<T> work) throws Exception {
        FakeNetwork network = new FakeNetwork(size);
        try (Ranks ranks = Ranks.join(size)) {
            return ranks.play(exchange -> {
                FakeNccl nccl = new FakeNccl(network, exchange.rank());
                fakes.put(exchange.rank(), nccl);
                try (NcclCollective collective = new NcclCollective(
                        nccl, exchange, Communicator.connect(nccl, exchange, 3, deadline, nccl.uniqueId()))) {
                    return work.run(collective, nccl);
                }
            });
        }
    }

    /** Returns memory that lives as long as the test, as a tensor's does. */
    private ByteBuffer floats(float... values) {
        ByteBuffer memory = Ranks.floats(values);
        memories.add(memory);
        return memory;
    }

    private void assertAllFreed() {
        fakes.values().forEach(nccl -> assertThat(nccl.open()).isEmpty());
    }

    @Test
    void sumsInPlace() throws Exception {
        List<float[]> sums = play(3, LONG, (collective, nccl) -> {
            ByteBuffer floats = floats(-1, collective.rank(), 10, collective.rank() * 2, -1);
            floats.limit(4 * Float.BYTES).position(Float.BYTES);
            collective.allReduceAsync(floats).get();
            nccl.synchronize();
            return Ranks.values(floats.clear());
        });
        for (int rank = 0; rank < sums.size(); rank++) {
            assertThat(sums.get(rank)).containsExactly(-1, 3, 30, 6, -1);
        }
        assertAllFreed();
    }

    @Test
    void ordersPyTorchsOperatorsAroundEachSumOnTheGpu() throws Exception {
        play(2, LONG, (collective, nccl) -> {
            assertThat(collective.isOnDevice()).isTrue();
            int connected = nccl.calls().size();
            Future<?> one = collective.allReduceAsync(floats(1));
            Future<?> two = collective.allReduceAsync(floats(2, 3));
            collective.allReduceAsync(floats()).get();
            two.get();
            one.get();
            two.get();
            List<String> calls = nccl.calls();
            assertThat(calls.subList(connected, calls.size()))
                    .filteredOn(call -> !call.startsWith("useGpu"))
                    .containsExactly(
                            "record 0 on 0",
                            "await 0 on -1",
                            "allReduce 4",
                            "record 1 on -1",
                            "record 0 on 0",
                            "await 0 on -1",
                            "allReduce 8",
                            "record 2 on -1",
                            "await 2 on 0",
                            "await 1 on 0");
            assertThat(calls).doesNotContain("useGpu 0").contains("useGpu 3");
            collective.barrier();
            return null;
        });
        assertAllFreed();
        assertThat(fakes.get(0).calls()).contains("finish", "destroy").doesNotContain("abort");
    }

    @Test
    void sumsSharesAtTheirOwners() throws Exception {
        List<float[]> sums = play(3, LONG, (collective, nccl) -> {
            int rank = collective.rank();
            ByteBuffer all = floats(rank, rank + 1, rank + 2, rank + 3);
            collective
                    .reduceScatterAsync(List.of(
                            List.of(part(all, 0, 1), part(all, 3, 4)),
                            List.of(),
                            List.of(part(all, 1, 3), part(all, 0, 0))))
                    .get();
            nccl.synchronize();
            assertThat(nccl.calls())
                    .containsSubsequence("group", "reduce 4 of 0", "reduce 4 of 0", "reduce 8 of 2", "end");
            return Ranks.values(all);
        });
        assertThat(sums.get(0)).containsExactly(3, 1, 2, 12);
        assertThat(sums.get(1)).containsExactly(1, 2, 3, 4);
        assertThat(sums.get(2)).containsExactly(2, 6, 9, 5);
        assertAllFreed();
    }

    @Test
    void sendsSharesOfTheirOwners() throws Exception {
        List<float[]> all = play(2, LONG, (collective, nccl) -> {
            int rank = collective.rank();
            ByteBuffer values = floats(rank, rank + 10, rank + 20);
            collective.allGatherInto(List.of(List.of(part(values, 1, 3)), List.of(part(values, 0, 1))));
            nccl.synchronize();
            collective.allGatherInto(List.of(List.of(), List.of()));
            assertThat(nccl.calls()).containsSubsequence("group", "broadcast 8 of 0", "broadcast 4 of 1", "end");
            return Ranks.values(values);
        });
        assertThat(all).allSatisfy(values -> assertThat(values).containsExactly(1, 10, 20));
    }

    @Test
    void sumsEvenSharesByOneCallPerBlock() throws Exception {
        List<float[]> sums = play(2, LONG, (collective, nccl) -> {
            int rank = collective.rank();
            ByteBuffer all = floats(rank, rank + 1, rank + 2, rank + 3, rank + 4, rank + 5);
            collective
                    .reduceScatterEvenAsync(List.of(part(all, 0, 4), part(all, 4, 6), part(all, 6, 6)))
                    .get();
            nccl.synchronize();
            assertThat(nccl.calls())
                    .containsSubsequence("group", "reduceScatter 16", "reduceScatter 8", "end")
                    .noneMatch(call -> call.startsWith("reduce "));
            return Ranks.values(all);
        });
        assertThat(sums.get(0)).containsExactly(1, 3, 2, 3, 9, 5);
        assertThat(sums.get(1)).containsExactly(1, 2, 5, 7, 5, 11);
        assertAllFreed();
    }

    @Test
    void gathersEvenSharesByOneCallPerBlock() throws Exception {
        List<float[]> all = play(2, LONG, (collective, nccl) -> {
            int rank = collective.rank();
            ByteBuffer values = floats(rank, rank + 10, rank + 20, rank + 30);
            int before = nccl.calls().size();
            Future<?> gathering = collective.allGatherEvenAsync(List.of(part(values, 0, 2), part(values, 2, 4)));
            int begun = nccl.calls().size();
            gathering.get();
            nccl.synchronize();
            // PyTorch's operators wait for the gathering only when it is awaited.
            // The watchdog's thread chooses the GPU too, at any time.
            assertThat(nccl.calls().subList(before, begun))
                    .filteredOn(call -> !call.equals("useGpu 3"))
                    .containsExactly(
                            "record 0 on 0",
                            "await 0 on -1",
                            "group",
                            "allGather 8",
                            "allGather 8",
                            "end",
                            "record 1 on -1");
            assertThat(nccl.calls().subList(begun, nccl.calls().size())).contains("await 1 on 0");
            collective.allGatherEvenAsync(List.of()).get();
            return Ranks.values(values);
        });
        assertThat(all).allSatisfy(values -> assertThat(values).containsExactly(0, 11, 20, 31));
        assertAllFreed();
    }

    private static ByteBuffer part(ByteBuffer floats, int from, int to) {
        return floats.slice(from * Float.BYTES, (to - from) * Float.BYTES).order(floats.order());
    }

    @Test
    void passesEverythingElseThroughTheExchange() throws Exception {
        play(2, LONG, (collective, nccl) -> {
            List<String> before = nccl.calls();
            double[] values = {collective.rank(), 0.1};
            collective.allReduce(values);
            assertThat(values).containsExactly(1, 0.2);
            byte[][] bytes = collective.allGather(new byte[collective.rank()]);
            assertThat(bytes[0]).isEmpty();
            assertThat(bytes[1]).hasSize(1);
            collective.progressed();
            assertThat(collective.size()).isEqualTo(2);
            assertThat(collective.name(1)).startsWith("rank 1 (");
            assertThat(nccl.calls()).isEqualTo(before);
            return null;
        });
    }

    @Test
    void passesMemoryOfTheHostThroughTheExchange() throws Exception {
        play(2, LONG, (collective, nccl) -> {
            nccl.onHost();
            List<String> before = nccl.calls();
            int rank = collective.rank();
            ByteBuffer sum = floats(rank, 3);
            collective.allReduceAsync(sum).get();
            assertThat(Ranks.values(sum)).containsExactly(1, 6);
            ByteBuffer values = floats(rank, rank + 10);
            collective.allGatherInto(List.of(List.of(part(values, 1, 2)), List.of(part(values, 0, 1))));
            assertThat(Ranks.values(values)).containsExactly(1, 10);
            ByteBuffer share = floats(rank, rank + 1);
            collective
                    .reduceScatterAsync(List.of(List.of(part(share, 0, 1)), List.of(part(share, 1, 2))))
                    .get();
            assertThat(share.getFloat(rank * Float.BYTES)).isEqualTo(rank == 0 ? 1 : 3);
            ByteBuffer even = floats(rank, rank + 10);
            collective.reduceScatterEvenAsync(List.of(even)).get();
            collective.allGatherEvenAsync(List.of(even)).get();
            assertThat(Ranks.values(even)).containsExactly(1, 21);
            assertThat(nccl.calls()).isEqualTo(before);
            return null;
        });
    }

    @Test
    void refusesHalfANumber() throws Exception {
        play(2, LONG, (collective, nccl) -> {
            assertThatThrownBy(() -> collective.allReduceAsync(floats(1, 2).limit(6)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("values of 4 bytes");
            assertThatThrownBy(() -> collective.reduceScatterEvenAsync(List.of(floats(1, 2, 3))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("values of 8 bytes");
            nccl.onHost();
            assertThatThrownBy(() -> collective.allGatherEvenAsync(
                            List.of(floats(1, 2, 3).limit(5))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("5 bytes of 2 equal shares");
            return null;
        });
    }

    /** Sums until the communicator fails, and returns the loss that it reports. */
    private LostRankException failure(NcclCollective collective) throws Exception {
        Throwable lost = null;
        while (lost == null) {
            try {
                collective.allReduceAsync(floats(1)).get();
            } catch (ExecutionException e) {
                lost = e.getCause();
            } catch (LostRankException e) {
                lost = e;
            }
        }
        assertThat(lost).isInstanceOf(LostRankException.class);
        assertThatThrownBy(() -> collective.allGather(new byte[1])).isInstanceOf(LostRankException.class);
        return (LostRankException) lost;
    }

    @Test
    void abortsASumThatDoesNotEnd() throws Exception {
        List<String> messages = play(2, SHORT, (collective, nccl) -> {
            nccl.getStuck();
            collective.allReduceAsync(floats(1)).get();
            nccl.synchronize();
            return failure(collective).getMessage();
        });
        assertThat(messages).allMatch(message -> message.matches("rank [01] \\(.*"));
        assertThat(messages)
                .anyMatch(message -> message.endsWith("NCCL did not end an operation of all ranks within 200 ms"));
        fakes.values()
                .forEach(nccl ->
                        assertThat(nccl.calls()).containsOnlyOnce("abort").doesNotContain("finish"));
        assertAllFreed();
    }

    @Test
    void abortsAGatheringThatDoesNotEnd() throws Exception {
        List<String> messages = play(2, SHORT, (collective, nccl) -> {
            nccl.getStuck();
            collective.allGatherEvenAsync(List.of(floats(1, 2))).get();
            nccl.synchronize();
            return failure(collective).getMessage();
        });
        assertThat(messages)
                .anyMatch(message -> message.endsWith("NCCL did not end an operation of all ranks within 200 ms"));
        fakes.values().forEach(nccl -> assertThat(nccl.calls()).containsOnlyOnce("abort"));
        assertAllFreed();
    }

    @Test
    void waitsForARankThatBeginsLate() throws Exception {
        List<Long> nanos = play(2, SHORT, (collective, nccl) -> {
            long begin = System.nanoTime();
            while (collective.rank() == 1 && System.nanoTime() - begin < 2 * SHORT.toNanos()) {
                collective.progressed();
                Thread.onSpinWait();
            }
            collective.allReduceAsync(floats(1)).get();
            nccl.synchronize();
            return System.nanoTime() - begin;
        });
        assertThat(nanos).allMatch(waited -> waited > SHORT.toNanos());
        assertAllFreed();
    }

    @Test
    void namesARankThatTheExchangeHasLost() throws Exception {
        List<LostRankException> lost = play(2, LONG, (collective, nccl) -> {
            return collective.rank() == 1 ? null : failure(collective);
        });
        assertThat(lost.get(0).rank()).isEqualTo(1);
        assertThat(fakes.get(0).calls()).containsOnlyOnce("abort");
        assertAllFreed();
    }

    @Test
    void endsAllRanksIfNcclFailsOnOne() throws Exception {
        List<String> messages = play(2, LONG, (collective, nccl) -> {
            // Rank 1 may fail in any of its sums, also in the first one.
            if (collective.rank() == 0) {
                collective.allReduceAsync(floats(1)).get();
                nccl.breakDown("unhandled system error\n  (connection closed by peer)");
            }
            return failure(collective).getMessage();
        });
        assertThat(messages.get(0))
                .contains("rank 0 (")
                .endsWith("ncclAllReduce failed: unhandled system error; (connection closed by peer)");
        assertThat(messages.get(1)).contains("rank 0 (");
        fakes.values().forEach(nccl -> assertThat(nccl.calls()).containsOnlyOnce("abort"));
        assertAllFreed();
    }

    @Test
    void abortsOperationsThatAreNotDoneAtTheEnd() throws Exception {
        play(2, LONG, (collective, nccl) -> {
            if (collective.rank() == 0) {
                Future<?> sum = collective.allReduceAsync(floats(1));
                collective.close();
                assertThatThrownBy(sum::get).isInstanceOf(ExecutionException.class);
                assertThat(sum.isDone()).isTrue();
            }
            return null;
        });
        assertThat(fakes.get(0).calls()).containsOnlyOnce("abort");
        assertAllFreed();
    }

    @Test
    void endsConnectingIfARankIsLost() throws Exception {
        FakeNccl nccl = new FakeNccl(new FakeNetwork(2), 0);
        try (Ranks ranks = Ranks.join(2)) {
            ranks.play(exchange -> {
                if (exchange.rank() == 1) {
                    exchange.close();
                } else {
                    assertThatThrownBy(() -> Communicator.connect(nccl, exchange, 0, LONG, nccl.uniqueId()))
                            .isInstanceOfSatisfying(
                                    LostRankException.class,
                                    lost -> assertThat(lost.rank()).isEqualTo(1));
                }
                return null;
            });
        }
        assertThat(nccl.open()).isEmpty();
    }
}
