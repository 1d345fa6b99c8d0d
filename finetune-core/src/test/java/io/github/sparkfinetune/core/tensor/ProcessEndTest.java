package io.github.sparkfinetune.core.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Processes that end while their threads compute; they end with the requested exit code and without a crash. */
@Timeout(600)
class ProcessEndTest {
    private static final int THREADS = 6;
    private static final int SIGTERM = 128 + 15;

    @TempDir
    Path folder;

    /** A process that computes on several threads until a signal, or until it ends as its argument says. */
    public static final class Computing {
        private Computing() {}

        public static void main(String[] arguments) throws InterruptedException {
            CountDownLatch computing = new CountDownLatch(THREADS);
            for (int i = 0; i < THREADS; i++) {
                Thread thread = new Thread(() -> compute(computing));
                thread.setDaemon(true);
                thread.start();
            }
            computing.await();
            System.out.println("computing");
            switch (arguments[0]) {
                case "exit" -> System.exit(3);
                case "return" -> {}
                default -> Thread.currentThread().join();
            }
        }

        private static void compute(CountDownLatch computing) {
            Torch.start(1);
            try (NDManager manager = Torch.manager(-1)) {
                ScriptModule module = ScriptModule.load(manager, List.of("core.tensor.samples.long_call"), Map.of());
                NDArray x = manager.eye(32);
                module.callOne(manager, "products", x, 1);
                computing.countDown();
                module.callOne(manager, "products", x, Integer.MAX_VALUE);
            }
        }
    }

    @Test
    void endsOnASignalWhileComputing() throws Exception {
        endBySignals(4);
    }

    @Test
    @Tag("full")
    void endsFiftyTimesOnASignalWhileComputing() throws Exception {
        endBySignals(50);
    }

    private void endBySignals(int times) throws Exception {
        for (int i = 0; i < times; i++) {
            Process process = start("");
            process.destroy();
            assertEnds(process, SIGTERM);
        }
    }

    @Test
    void exitsWithTheRequestedCodeWhileComputing() throws Exception {
        assertEnds(start("exit"), 3);
        assertEnds(start("return"), 0);
    }

    /** Starts a process and waits until it computes. */
    private Process start(String end) throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-XX:-CreateCoredumpOnCrash",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Computing.class.getName(),
                        end)
                .directory(folder.toFile())
                .redirectError(folder.resolve("stderr").toFile())
                .start();
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            assertThat(output.readLine()).as(() -> stderr()).isEqualTo("computing");
        }
        return process;
    }

    private void assertEnds(Process process, int exitCode) throws Exception {
        try {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).as(() -> stderr()).isEqualTo(exitCode);
            try (Stream<Path> files = Files.list(folder)) {
                assertThat(files.map(Path::getFileName).map(Path::toString)).containsExactly("stderr");
            }
        } finally {
            process.destroyForcibly();
        }
    }

    private String stderr() {
        try {
            return Files.readString(folder.resolve("stderr"));
        } catch (IOException e) {
            return e.toString();
        }
    }
}
