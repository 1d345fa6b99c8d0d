package io.github.sparkfinetune.bench;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.address.Member;
import io.github.sparkfinetune.core.collective.address.RankEndpoint;
import io.github.sparkfinetune.core.collective.address.RankOrder;
import io.github.sparkfinetune.core.collective.exchange.ExchangeTimeouts;
import io.github.sparkfinetune.core.collective.exchange.TcpExchange;
import io.github.sparkfinetune.core.tensor.Allocator;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Starts the ranks of a benchmark as processes on this machine and joins them into an exchange. */
final class RankProcesses {
    private static final long DEADLINE_MINUTES = 10;

    private RankProcesses() {}

    /**
     * Runs {@code main RANK RANKS ARGUMENTS…} once for each rank and prints the output of rank 0. With
     * {@code -Dtcp=true} the ranks use TCP, as between machines; with {@code -Dencrypted=true} they also encrypt it.
     * With {@code -Dhosts=NAMESPACE=ADDRESS,…} the ranks are dealt in turn to network namespaces with these names and
     * addresses, as Spark deals tasks to machines.
     *
     * @param jvm JVM options of each rank
     */
    static void run(Class<?> main, int ranks, List<String> jvm, List<String> arguments)
            throws IOException, InterruptedException {
        List<Process> processes = new ArrayList<>();
        List<String> hosts = Arrays.stream(System.getProperty("hosts", "").split(","))
                .filter(host -> !host.isEmpty())
                .toList();
        try {
            List<BufferedReader> outputs = new ArrayList<>();
            StringBuilder addresses = new StringBuilder();
            for (int rank = 0; rank < ranks; rank++) {
                String[] host =
                        hosts.isEmpty() ? null : hosts.get(rank % hosts.size()).split("=");
                String java =
                        Path.of(System.getProperty("java.home"), "bin", "java").toString();
                Stream<String> start = host == null ? Stream.of(java) : Stream.of("ip", "netns", "exec", host[0], java);
                Stream<String> program = Stream.of(
                        "-Daddress=" + (host == null ? "127.0.0.1" : host[1]),
                        "-Dencrypted=" + Boolean.getBoolean("encrypted"),
                        "-cp",
                        System.getProperty("java.class.path"),
                        main.getName(),
                        Integer.toString(rank),
                        Integer.toString(ranks));
                ProcessBuilder builder = new ProcessBuilder(Stream.of(start, jvm.stream(), program, arguments.stream())
                                .flatMap(part -> part)
                                .toList())
                        .redirectError(Redirect.INHERIT);
                // The executors of a run have the same setting.
                Allocator.ENVIRONMENT.forEach(builder.environment()::putIfAbsent);
                Process process = builder.start();
                processes.add(process);
                outputs.add(process.inputReader(StandardCharsets.UTF_8));
                String address = outputs.get(rank).readLine();
                addresses
                        .append(Boolean.getBoolean("tcp") ? address.replaceFirst("#.*", "") : address)
                        .append(' ');
            }
            for (Process process : processes) {
                process.outputWriter(StandardCharsets.UTF_8)
                        .append(addresses.toString().strip())
                        .append('\n')
                        .flush();
            }
            outputs.get(0).lines().forEach(System.out::println);
            for (Process process : processes) {
                if (!process.waitFor(DEADLINE_MINUTES, TimeUnit.MINUTES) || process.exitValue() != 0) {
                    throw new IllegalStateException("a rank failed");
                }
            }
        } finally {
            processes.forEach(Process::destroyForcibly);
        }
    }

    /**
     * Joins a process that {@link #run} started to the other processes. Its rank follows from the processes' places.
     */
    static Collective join(int process) throws IOException {
        RankEndpoint endpoint = RankEndpoint.bind(System.getProperty("address"), 0);
        System.out.println(endpoint.address());
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        List<String> addresses = Arrays.asList(in.readLine().split(" "));
        List<Integer> order = RankOrder.byHost(addresses);
        Member member = new Member(
                order.indexOf(process),
                order.stream().map(addresses::get).toList(),
                "bench",
                new byte[32],
                Boolean.getBoolean("encrypted"));
        return TcpExchange.join(endpoint, member, ExchangeTimeouts.DEFAULT, () -> false);
    }
}
