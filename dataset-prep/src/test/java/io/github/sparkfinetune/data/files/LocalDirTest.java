package io.github.sparkfinetune.data.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(600)
class LocalDirTest {
    @TempDir
    Path folder;

    private final AtomicInteger filled = new AtomicInteger();

    private void fill(Path copy) throws IOException {
        filled.incrementAndGet();
        Files.writeString(copy.resolve("model"), "weights");
    }

    @Test
    void makesACopyOnceAndDeletesItAfterItsLastUser() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<LocalDir.Held>> ranks = new ArrayList<>();
            for (int rank = 0; rank < 4; rank++) {
                ranks.add(threads.submit(() -> LocalDir.in(folder).shared("model", this::fill)));
            }
            for (Future<LocalDir.Held> rank : ranks) {
                assertThat(rank.get().path()).isEqualTo(ranks.get(0).get().path());
            }
            Path copy = ranks.get(0).get().path();
            for (int rank = 0; rank < 4; rank++) {
                assertThat(copy.resolve("model")).hasContent("weights");
                LocalDir.Held held = ranks.get(rank).get();
                held.close();
                held.close();
            }
            assertThat(copy).doesNotExist();
            assertThat(filled).hasValue(1);
            assertThat(Files.getPosixFilePermissions(copy.getParent()))
                    .isEqualTo(PosixFilePermissions.fromString("rwx------"));
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void retriesACopyThatFailed() {
        LocalDir local = LocalDir.in(folder);
        assertThatThrownBy(() -> local.shared("model", copy -> {
                    fill(copy);
                    throw new IOException("no space left");
                }))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("no space left");
        try (LocalDir.Held held = local.shared("model", this::fill)) {
            assertThat(held.path().resolve("model")).hasContent("weights");
        }
        assertThat(filled).hasValue(2);
    }

    @Test
    void deletesTheCopiesOfAKilledProcess() throws Exception {
        Process other = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Holder.class.getName(),
                        folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader out =
                new BufferedReader(new InputStreamReader(other.getInputStream(), StandardCharsets.UTF_8))) {
            Path own = Path.of(out.readLine());
            Path shared = Path.of(out.readLine());
            LocalDir local = LocalDir.in(folder);
            try (LocalDir.Held mine = local.shared("model", this::fill)) {
                assertThat(mine.path()).isEqualTo(shared);
            }
            assertThat(own).isDirectory();
            assertThat(shared).isDirectory();
            assertThat(filled).hasValue(0);

            assertThat(other.destroyForcibly().waitFor(20, TimeUnit.SECONDS)).isTrue();
            LocalDir next = LocalDir.in(folder);
            assertThat(own).doesNotExist();
            assertThat(shared).doesNotExist();
            next.own().close();
            try (Stream<Path> left = Files.list(shared.getParent())) {
                assertThat(left.map(file -> file.getFileName().toString())).containsExactly("model.lock");
            }
        } finally {
            other.destroyForcibly();
        }
    }

    /** A process that holds two folders and is killed. */
    static final class Holder {
        private Holder() {}

        public static void main(String[] arguments) throws Exception {
            LocalDir local = LocalDir.in(Path.of(arguments[0]));
            LocalDir.Held own = local.own();
            LocalDir.Held shared = local.shared("model", copy -> Files.writeString(copy.resolve("model"), "weights"));
            System.out.println(own.path());
            System.out.println(shared.path());
            Thread.sleep(60_000);
        }
    }
}
