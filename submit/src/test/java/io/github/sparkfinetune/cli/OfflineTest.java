package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.github.sparkfinetune.testing.TestMatrix;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Runs commands where no other machine can be reached, from the raw text to the evidence. Not even an attempt is
 * allowed, which a command might hide.
 */
@Timeout(600)
class OfflineTest {
    private static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls")
            .toAbsolutePath()
            .normalize();
    private static final Path LOOPBACK =
            Path.of("src/test/resources/offline/loopback.py").toAbsolutePath();
    private static final List<String> NAMESPACE = List.of("unshare", "--map-root-user", "--net", "--uts");
    private static final String ROWS = "rows.jsonl";
    private static final String RUN = "run.yaml";
    private static final int REFUSED = 3;

    @TempDir
    private Path folder;

    /** Ways to keep a process on this machine. */
    enum Way {
        /** A network of loopback alone, which the kernel may not allow here. It also sees calls of native code. */
        NAMESPACE,
        /** A security manager, which sees the calls of Java. */
        SECURITY_MANAGER
    }

    private static Stream<Way> ways() {
        return Stream.of(Way.values()).filter(way -> way == Way.SECURITY_MANAGER || hasNamespaces());
    }

    private static boolean hasNamespaces() {
        try {
            List<String> command = new ArrayList<>(NAMESPACE);
            command.add("true");
            return new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            // There is no such program.
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** In one way; in both with {@code -Pfull}. */
    static Stream<Arguments> aWay() {
        return TestMatrix.first(1, ways().map(Arguments::of).toArray(Arguments[]::new));
    }

    @ParameterizedTest
    @MethodSource("aWay")
    void noCommandTriesToLeaveTheMachine(Way way) throws Exception {
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            rows.add("{\"text\": \"" + (i % 2 == 0 ? "the cat sat " : "a dog ran ") + i + "\", \"label\": \""
                    + (i % 2 == 0 ? "cat" : "dog") + "\"}");
        }
        Path file = Files.write(folder.resolve(ROWS), rows);
        Files.writeString(folder.resolve(RUN), """
                model: %s
                task: classification
                data: {train: %s, eval_fraction: 0.2, test_fraction: 0.2, max_length: 16, shards: 2}
                method: {type: lora}
                training: {max_steps: 2, per_device_train_batch_size: 4}
                cluster: {ranks: 2}
                output: {dir: %s}
                """.formatted(MODEL, file, folder.resolve("run")));

        assertThat(run(way, Commands.class, folder.toString())).as(output()).isZero();

        assertThat(seen(way)).as(output()).isEmpty();
        assertThat(folder.resolve("run/evidence/evidence.json")).exists();
        assertThat(folder.resolve("merged/model.safetensors")).exists();
    }

    static Stream<Arguments> attempts() {
        return ways().flatMap(way -> Stream.of(Attempt.values()).map(attempt -> arguments(way, attempt)));
    }

    @ParameterizedTest
    @MethodSource("attempts")
    void refusesAndSeesAnAttempt(Way way, Attempt attempt) throws Exception {
        assertThat(run(way, Probe.class, attempt.name())).as(output()).isEqualTo(REFUSED);

        assertThat(seen(way)).isNotEmpty();
    }

    private String output() throws IOException {
        Path file = folder.resolve("output");
        return Files.exists(file) ? Files.readString(file) : "";
    }

    /** Runs a program and returns its exit code. */
    private int run(Way way, Class<?> program, String argument) throws Exception {
        List<String> command = new ArrayList<>();
        if (way == Way.NAMESPACE) {
            command.addAll(NAMESPACE);
            command.addAll(List.of("python3", LOOPBACK.toString(), seenFile().toString()));
        }
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        if (way == Way.SECURITY_MANAGER) {
            command.add("-Djava.security.manager=" + LoopbackOnly.class.getName());
            command.add("-D" + LoopbackOnly.SEEN + "=" + seenFile());
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), program.getName(), argument));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("output").toFile())
                .start()
                .waitFor();
    }

    private Path seenFile() {
        return folder.resolve("seen");
    }

    /** Returns what tried to leave the machine: calls, or the kernel's count. */
    private String seen(Way way) throws IOException {
        if (way == Way.SECURITY_MANAGER && !Files.exists(seenFile())) {
            return "";
        }
        String seen = Files.readString(seenFile());
        return way == Way.NAMESPACE && seen.equals("0") ? "" : seen;
    }

    /** Runs the commands in one process; ends with the exit code of the first one that fails. */
    static final class Commands {
        private Commands() {}

        public static void main(String[] args) {
            Path folder = Path.of(args[0]);
            for (String command : List.of(
                    "prepare",
                    "train",
                    "evaluate",
                    "predict --input " + folder.resolve(ROWS),
                    "merge --output " + folder.resolve("merged"),
                    "evidence")) {
                List<String> all = new ArrayList<>(Arrays.asList(command.split(" ", -1)));
                all.addAll(List.of("--local", "--config", folder.resolve(RUN).toString()));
                Ended ended = Ended.of(all.toArray(String[]::new));
                System.out.println(command + ": " + ended);
                if (ended.code() != 0) {
                    System.exit(ended.code());
                }
            }
            System.exit(0);
        }
    }

    /** Attempts to leave the machine, to an address that belongs to nobody (RFC 5737). */
    enum Attempt {
        SOCKET {
            @Override
            void start() throws IOException {
                new Socket("192.0.2.1", 80).close();
            }
        },
        CHANNEL {
            @Override
            void start() throws IOException {
                SocketChannel.open(new InetSocketAddress("192.0.2.1", 80)).close();
            }
        },
        DATAGRAM {
            @Override
            void start() throws IOException {
                try (DatagramChannel channel = DatagramChannel.open()) {
                    channel.send(ByteBuffer.allocate(1), new InetSocketAddress("192.0.2.1", 80));
                }
            }
        },
        RESOLUTION {
            @Override
            void start() throws IOException {
                InetAddress.getAllByName("host.example.com");
            }
        };

        abstract void start() throws IOException;
    }

    /** Connects to itself, then attempts to leave the machine; ends with {@link #REFUSED} if only that is refused. */
    static final class Probe {
        private Probe() {}

        public static void main(String[] args) throws IOException {
            InetAddress loopback = InetAddress.getAllByName("localhost")[0];
            try (ServerSocket server = new ServerSocket(0, 1, loopback)) {
                new Socket(loopback, server.getLocalPort()).close();
            }
            try {
                Attempt.valueOf(args[0]).start();
            } catch (IOException | SecurityException e) {
                System.out.println(e);
                System.exit(REFUSED);
            }
        }
    }
}
