package io.github.sparkfinetune.core.collective.exchange;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.address.Member;
import io.github.sparkfinetune.core.collective.address.RankAddress;
import io.github.sparkfinetune.core.collective.address.RankEndpoint;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

/** Ranks of one exchange as threads of the test. */
public final class Ranks implements AutoCloseable {
    public static final byte[] SECRET = "a secret of the ranks".getBytes(StandardCharsets.US_ASCII);
    static final ExchangeTimeouts SHORT =
            new ExchangeTimeouts(Duration.ofSeconds(20), Duration.ofSeconds(2), Duration.ofSeconds(20));
    private static final long DEADLINE_SECONDS = 40;

    /** Work of each rank. */
    public interface Part<T> {
        T play(Collective exchange) throws Exception;
    }

    private final ExecutorService threads;
    private final List<Collective> exchanges;

    private Ranks(ExecutorService threads, List<Collective> exchanges) {
        this.threads = threads;
        this.exchanges = exchanges;
    }

    public static Ranks join(int size) throws Exception {
        return join(size, SHORT, () -> false);
    }

    static Ranks join(int size, ExchangeTimeouts timeouts, BooleanSupplier cancelled) throws Exception {
        List<RankEndpoint> endpoints = endpoints(size);
        return join(endpoints, addresses(endpoints), timeouts, cancelled, false);
    }

    /** Joins ranks over TCP, as if each rank ran on a separate machine. */
    static Ranks joinByTcp(int size) throws Exception {
        return join(size, address -> RankAddress.parse(address).tcp());
    }

    /** Joins ranks on the named hosts; ranks on different hosts use TCP. */
    static Ranks joinOn(List<String> hosts) throws Exception {
        return joinOn(hosts, SHORT);
    }

    static Ranks joinOn(List<String> hosts, ExchangeTimeouts timeouts) throws Exception {
        List<RankEndpoint> endpoints = new ArrayList<>();
        List<String> addresses = new ArrayList<>();
        for (String host : hosts) {
            RankEndpoint endpoint = RankEndpoint.bind(host, 0);
            endpoints.add(endpoint);
            // A rank alone on its host has no local socket, as on machines without shared folders.
            String address = endpoint.address();
            addresses.add(
                    hosts.indexOf(host) == hosts.lastIndexOf(host)
                            ? RankAddress.parse(address).tcp()
                            : address);
        }
        return join(endpoints, addresses, timeouts, () -> false, false);
    }

    /** @param published maps a rank's address to the address that all ranks receive; called in rank order */
    static Ranks join(int size, UnaryOperator<String> published) throws Exception {
        List<RankEndpoint> endpoints = endpoints(size);
        return join(endpoints, addresses(endpoints).stream().map(published).toList());
    }

    static Ranks join(List<RankEndpoint> endpoints, List<String> addresses) throws Exception {
        return join(endpoints, addresses, SHORT, () -> false, false);
    }

    /** Joins ranks over encrypted TCP, as if each rank ran on a separate machine. */
    static Ranks joinEncrypted(int size, UnaryOperator<String> published) throws Exception {
        List<RankEndpoint> endpoints = endpoints(size);
        List<String> addresses = addresses(endpoints).stream()
                .map(address -> published.apply(RankAddress.parse(address).tcp()))
                .toList();
        return join(endpoints, addresses, SHORT, () -> false, true);
    }

    private static Ranks join(
            List<RankEndpoint> endpoints,
            List<String> addresses,
            ExchangeTimeouts timeouts,
            BooleanSupplier cancelled,
            boolean encrypted)
            throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(endpoints.size());
        List<Callable<Collective>> joins = new ArrayList<>();
        for (int rank = 0; rank < endpoints.size(); rank++) {
            Member member = new Member(rank, addresses, "test", SECRET, encrypted);
            RankEndpoint endpoint = endpoints.get(rank);
            joins.add(() -> TcpExchange.join(endpoint, member, timeouts, cancelled));
        }
        return new Ranks(threads, results(threads, joins));
    }

    private static List<RankEndpoint> endpoints(int size) {
        List<RankEndpoint> endpoints = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            endpoints.add(RankEndpoint.bind("127.0.0.1", 0));
        }
        return endpoints;
    }

    private static List<String> addresses(List<RankEndpoint> endpoints) {
        return endpoints.stream().map(RankEndpoint::address).toList();
    }

    Collective exchange(int rank) {
        return exchanges.get(rank);
    }

    /** Runs the part on every rank at the same time and returns the results in rank order. */
    public <T> List<T> play(Part<T> part) throws Exception {
        return results(
                threads,
                exchanges.stream()
                        .map(exchange -> (Callable<T>) () -> part.play(exchange))
                        .toList());
    }

    /** Runs a part that fails on every rank, and returns the failures. */
    List<Throwable> failures(Part<?> part) throws Exception {
        return play(exchange -> {
            try {
                part.play(exchange);
                return new AssertionError("rank " + exchange.rank() + " did not fail");
            } catch (ExecutionException e) {
                return e.getCause();
            } catch (RuntimeException e) {
                return e;
            }
        });
    }

    private static <T> List<T> results(ExecutorService threads, List<Callable<T>> parts) throws Exception {
        List<Future<T>> futures = new ArrayList<>();
        for (Callable<T> part : parts) {
            futures.add(threads.submit(part));
        }
        List<T> results = new ArrayList<>();
        for (Future<T> future : futures) {
            results.add(future.get(DEADLINE_SECONDS, TimeUnit.SECONDS));
        }
        return results;
    }

    public static ByteBuffer floats(float... values) {
        ByteBuffer buffer =
                ByteBuffer.allocateDirect(values.length * Float.BYTES).order(ByteOrder.nativeOrder());
        buffer.asFloatBuffer().put(values);
        return buffer;
    }

    public static float[] values(ByteBuffer buffer) {
        float[] values = new float[buffer.remaining() / Float.BYTES];
        buffer.asFloatBuffer().get(values);
        return values;
    }

    @Override
    public void close() {
        exchanges.forEach(Collective::close);
        threads.shutdownNow();
        try {
            if (!threads.awaitTermination(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError("a rank's thread has not ended");
            }
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted while the ranks' threads were ending", e);
        }
    }
}
