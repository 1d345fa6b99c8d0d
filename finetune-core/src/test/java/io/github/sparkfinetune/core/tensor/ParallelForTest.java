package io.github.sparkfinetune.core.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ParallelForTest {
    @BeforeAll
    static void start() {
        Torch.start(2);
    }

    @ParameterizedTest
    @CsvSource({"0, 2", "1, 2", "3, 2", "4, 2", "100, 2", "100, 1", "5, 3"})
    void runsEachUnitOnce(int units, int threads) {
        AtomicIntegerArray times = new AtomicIntegerArray(units);
        ParallelFor.run(units, threads, unit -> times.incrementAndGet((int) unit));
        assertThat(IntStream.range(0, units).map(times::get)).hasSize(units).allMatch(n -> n == 1);
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void runsOnThreadsOfPyTorch() {
        AtomicInteger calls = new AtomicInteger();
        assertThat(OpenMp.run(2, calls::incrementAndGet)).isTrue();
        assertThat(calls).hasValue(2);
    }

    @Test
    void runsConcurrentlyOnTheSameThreadsEachTime() {
        assertThat(teammates()).hasSize(2).isEqualTo(teammates());
    }

    /** Returns the threads of a team of two that wait for each other. */
    private static Set<Thread> teammates() {
        Set<Thread> team = ConcurrentHashMap.newKeySet();
        CountDownLatch both = new CountDownLatch(2);
        ParallelFor.run(2, 2, unit -> {
            team.add(Thread.currentThread());
            both.countDown();
            assertThat(await(both)).isTrue();
        });
        return team;
    }

    private static boolean await(CountDownLatch latch) {
        try {
            return latch.await(30, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void rethrowsAFailureOfOneThreadInTheCaller() {
        assertThatThrownBy(() -> ParallelFor.run(100, 2, unit -> {
                    if (unit == 41) {
                        throw new IllegalStateException("unit 41");
                    }
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("unit 41");
    }

    @Test
    void runsRanksOfAProcessOnSeparateTeams() throws InterruptedException {
        AtomicIntegerArray sums = new AtomicIntegerArray(4);
        Thread[] ranks = new Thread[sums.length()];
        for (int i = 0; i < ranks.length; i++) {
            int rank = i;
            ranks[i] = new Thread(() -> {
                for (int round = 0; round < 50; round++) {
                    ParallelFor.run(40, 2, unit -> sums.addAndGet(rank, rank + 1));
                }
            });
            ranks[i].start();
        }
        for (Thread rank : ranks) {
            rank.join();
        }
        assertThat(IntStream.range(0, ranks.length).map(sums::get)).containsExactly(2000, 4000, 6000, 8000);
    }
}
