package io.github.sparkfinetune.core.collective.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.LostRankException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ranks that wait for a rank that is slower than an operation's deadline. */
@Timeout(600)
class SlowRankTest {
    private static final Duration DEADLINE = Duration.ofMillis(1200);
    private static final ExchangeTimeouts TIMEOUTS =
            new ExchangeTimeouts(Duration.ofSeconds(20), Duration.ofMillis(800), DEADLINE);
    private static final long PIECE_NANOS = 1_000_000;
    private static final int HANGING = 1;
    private static final int SLOW = 3;

    /** Ranks 0 and 1 on one host, 2 and 3 on another: some ranks hear of rank 3 only through other ranks. */
    private static final List<String> HOSTS = List.of("127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.2");

    /** Works longer than all deadlines together, in small pieces. */
    private static void workSlowly(Collective exchange) {
        long end = System.nanoTime() + 5 * DEADLINE.toNanos() / 2;
        while (System.nanoTime() < end) {
            exchange.progressed();
            LockSupport.parkNanos(PIECE_NANOS);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void waitsForARankThatMakesProgress(boolean sums) throws Exception {
        try (Ranks ranks = Ranks.joinOn(HOSTS, TIMEOUTS)) {
            List<Float> results = ranks.play(exchange -> {
                if (exchange.rank() == SLOW) {
                    workSlowly(exchange);
                }
                if (sums) {
                    var floats = Ranks.floats(1, 2);
                    exchange.allReduceAsync(floats).get();
                    return floats.getFloat(0);
                }
                return (float) exchange.allGather(new byte[] {1}).length;
            });
            assertThat(results).containsOnly(4f);
        }
    }

    @Test
    void namesAHangingRankOnAllOthersDespiteASlowRank() throws Exception {
        try (Ranks ranks = Ranks.joinOn(HOSTS, TIMEOUTS)) {
            CountDownLatch othersFailed = new CountDownLatch(HOSTS.size() - 1);
            List<Throwable> failures = ranks.failures(exchange -> {
                if (exchange.rank() == HANGING) {
                    othersFailed.await();
                    exchange.progressed();
                }
                try {
                    while (exchange.rank() == SLOW) {
                        exchange.progressed();
                        LockSupport.parkNanos(PIECE_NANOS);
                    }
                    return exchange.allGather(new byte[1]);
                } finally {
                    othersFailed.countDown();
                }
            });
            assertThat(failures)
                    .allSatisfy(failure -> assertThat(failure)
                            .isInstanceOf(LostRankException.class)
                            .hasMessageContaining("rank 1 (")
                            .hasMessageContaining("did not take part")
                            .hasMessageContaining("made no progress for 1200 ms"));
        }
    }

    @Test
    void reportsALostRankToARankThatComputesAlone() throws Exception {
        try (Ranks ranks = Ranks.join(3, TIMEOUTS, () -> false)) {
            assertThat(ranks.exchange(1).allReduceAsync(Ranks.floats(1)))
                    .as("a sum that nobody else joins")
                    .isNotDone();
            ranks.exchange(1).close();
            assertThatThrownBy(() -> {
                        while (true) {
                            ranks.exchange(0).progressed();
                            LockSupport.parkNanos(PIECE_NANOS);
                        }
                    })
                    .isInstanceOf(LostRankException.class)
                    .hasMessageContaining("rank 1 (");
        }
    }
}
