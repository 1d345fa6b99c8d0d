package io.github.sparkfinetune.core.collective.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.address.Member;
import io.github.sparkfinetune.core.collective.address.RankAddress;
import io.github.sparkfinetune.core.collective.address.RankEndpoint;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ranks as processes; the test kills or stops one rank. */
@Timeout(600)
class LostRankTest {
    private static final int SIZE = 4;
    private static final int VICTIM = 2;
    private static final Duration SILENCE = Duration.ofSeconds(3);

    private final List<Process> processes = new ArrayList<>();
    private final List<BufferedReader> outputs = new ArrayList<>();

    @AfterEach
    void killAll() throws InterruptedException {
        for (Process process : processes) {
            assertThat(process.destroyForcibly().waitFor(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    /** A process that uses its exchange until the exchange fails, and prints the failure. */
    public static final class Rank {
        private Rank() {}

        public static void main(String[] arguments) throws IOException {
            int rank = Integer.parseInt(arguments[0]);
            RankEndpoint endpoint = RankEndpoint.bind("127.0.0.1", 0);
            System.out.println(endpoint.address());
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            List<String> addresses = Arrays.asList(in.readLine().split(" "));
            ExchangeTimeouts timeouts = new ExchangeTimeouts(Duration.ofSeconds(20), SILENCE, Duration.ofSeconds(60));
            Member member = new Member(rank, addresses, "test", Ranks.SECRET, false);
            try (Collective exchange = TcpExchange.join(endpoint, member, timeouts, () -> false)) {
                ByteBuffer floats = Ranks.floats(new float[Integer.parseInt(arguments[1])]);
                exchange.barrier();
                System.out.println("ready");
                // More iterations than the test ever needs: the failure ends the loop.
                for (long i = 0; i < Long.MAX_VALUE; i++) {
                    if (floats.capacity() > 0) {
                        exchange.allReduceAsync(floats).get();
                    } else {
                        // Waits for the test's line without an operation in progress, as a rank does that computes.
                        in.readLine();
                    }
                    exchange.barrier();
                }
            } catch (Exception e) {
                System.out.println(e.getMessage());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"4000000, true", "1, true", "4000000, false"})
    void namesAKilledRankOnAllOtherRanks(int floats, boolean locally) throws Exception {
        start(floats, locally);
        processes.get(VICTIM).destroyForcibly();
        assertNamed(Duration.ofSeconds(10));
    }

    @Test
    void namesARankKilledBetweenOperations() throws Exception {
        start(0, true);
        processes.get(VICTIM).destroyForcibly().waitFor(5, TimeUnit.SECONDS);
        for (int rank = 0; rank < SIZE; rank++) {
            if (rank != VICTIM) {
                processes.get(rank).outputWriter().append("go on\n").flush();
            }
        }
        assertNamed(Duration.ofSeconds(10));
    }

    @Test
    void namesAStoppedRankAfterTheSilenceTimeout() throws Exception {
        start(4_000_000, true);
        signal("STOP");
        try {
            assertNamed(SILENCE.plusSeconds(4));
        } finally {
            signal("CONT");
        }
    }

    private void signal(String signal) throws Exception {
        Process kill = new ProcessBuilder(
                        "kill",
                        "-" + signal,
                        Long.toString(processes.get(VICTIM).pid()))
                .start();
        assertThat(kill.waitFor(5, TimeUnit.SECONDS)).isTrue();
    }

    /** @param locally true for Unix domain sockets, false for TCP */
    private void start(int floats, boolean locally) throws IOException {
        for (int rank = 0; rank < SIZE; rank++) {
            Process process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx64m",
                            "-XX:TieredStopAtLevel=1",
                            "-XX:+UseSerialGC",
                            "-cp",
                            System.getProperty("java.class.path"),
                            Rank.class.getName(),
                            Integer.toString(rank),
                            Integer.toString(floats))
                    .redirectError(Redirect.DISCARD)
                    .start();
            processes.add(process);
            outputs.add(process.inputReader(StandardCharsets.UTF_8));
        }
        StringBuilder addresses = new StringBuilder();
        for (BufferedReader output : outputs) {
            String address = output.readLine();
            addresses
                    .append(locally ? address : RankAddress.parse(address).tcp())
                    .append(' ');
        }
        for (Process process : processes) {
            process.outputWriter()
                    .append(addresses.toString().strip())
                    .append("\n")
                    .flush();
        }
        for (BufferedReader output : outputs) {
            assertThat(output.readLine()).isEqualTo("ready");
        }
    }

    private void assertNamed(Duration within) {
        long deadline = System.nanoTime() + within.toNanos();
        List<CompletableFuture<String>> messages = new ArrayList<>();
        for (BufferedReader output : outputs) {
            messages.add(CompletableFuture.supplyAsync(() -> readLine(output)));
        }
        for (int rank = 0; rank < SIZE; rank++) {
            if (rank != VICTIM) {
                assertThat(messages.get(rank))
                        .succeedsWithin(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())))
                        .asString()
                        .contains("rank " + VICTIM + " (")
                        .contains("was lost");
            }
        }
    }

    private static String readLine(BufferedReader output) {
        try {
            return output.readLine();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
