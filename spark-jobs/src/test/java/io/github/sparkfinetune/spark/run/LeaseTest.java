package io.github.sparkfinetune.spark.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FilterFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs that take the lease of one folder at the same moment. */
@Timeout(600)
class LeaseTest {
    private static final int RUNS = 4;

    @TempDir
    private java.nio.file.Path folder;

    private Path file;

    @BeforeEach
    void name() {
        file = new Path(folder.resolve("_PREPARING").toUri());
    }

    private static Lease take(FileSystem files, Path file) throws IOException {
        return Lease.take(files, file, Lease.LENGTH, () -> {});
    }

    private void assertHeld(RunException refused, Lease holder) {
        assertThat(refused.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(refused).hasMessageContaining("is being written by run " + holder.runId());
    }

    @Test
    void givesTheFolderToOneOfSeveralRuns() throws Exception {
        FileSystem files = HadoopFiles.fileSystem(file, new Configuration());
        ExecutorService threads = Executors.newFixedThreadPool(RUNS);
        try {
            for (int round = 0; round < 50; round++) {
                CyclicBarrier together = new CyclicBarrier(RUNS);
                Callable<Lease> run = () -> {
                    together.await();
                    return take(files, file);
                };
                List<Lease> taken = new ArrayList<>();
                List<RunException> refused = new ArrayList<>();
                for (Future<Lease> each : threads.invokeAll(List.of(run, run, run, run))) {
                    try {
                        taken.add(each.get());
                    } catch (ExecutionException e) {
                        refused.add((RunException) e.getCause());
                    }
                }

                assertThat(taken).as("round " + round).hasSize(1);
                Lease holder = taken.get(0);
                assertThat(refused).hasSize(RUNS - 1).allSatisfy(error -> assertHeld(error, holder));
                holder.release(false);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    /** Files of this machine. Another run takes the lease just after the first check. */
    private static final class Interleaved extends RawLocalFileSystem {
        private final URI uri;
        private Callable<?> meanwhile;

        Interleaved(String scheme, Callable<?> meanwhile) throws IOException {
            this.uri = URI.create(scheme + ":///");
            this.meanwhile = meanwhile;
            initialize(uri, new Configuration());
        }

        @Override
        public URI getUri() {
            // The superclass calls this before the field is set.
            return uri == null ? URI.create("file:///") : uri;
        }

        @Override
        protected void checkPath(Path path) {
            // Paths belong to this machine, whatever the scheme.
        }

        @Override
        public FSDataInputStream open(Path path, int bufferSize) throws IOException {
            try {
                return super.open(path, bufferSize);
            } catch (FileNotFoundException e) {
                play();
                throw e;
            }
        }

        private void play() throws IOException {
            Callable<?> once = meanwhile;
            meanwhile = null;
            try {
                if (once != null) {
                    once.call();
                }
            } catch (IOException | RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IOException(e);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "hdfs"})
    void refusesARunThatCheckedBeforeAnotherTookTheLease(String scheme) throws Exception {
        FileSystem plain = HadoopFiles.fileSystem(file, new Configuration());
        List<Lease> other = new ArrayList<>();
        FileSystem interleaved = new Interleaved(scheme, () -> other.add(take(plain, file)));

        RunException refused = catchThrowableOfType(RunException.class, () -> take(interleaved, file));

        assertHeld(refused, other.get(0));
        assertThat(other.get(0).renew()).isTrue();
        other.get(0).release(false);
    }

    @Test
    void takesOverALeaseWithoutAHolder() throws Exception {
        FileSystem files = HadoopFiles.fileSystem(file, new Configuration());
        // A process that is killed while it writes the lease leaves such a file.
        Files.createFile(folder.resolve("_PREPARING"));

        Lease lease = take(files, file);

        assertThat(Files.readString(folder.resolve("_PREPARING"))).contains(lease.runId());
        lease.release(false);
    }

    @Test
    void noticesSoonAfterItsStartThatItsLeaseWasReplaced() throws Exception {
        FileSystem files = HadoopFiles.fileSystem(file, new Configuration());
        CountDownLatch lost = new CountDownLatch(1);
        Lease lease = Lease.take(files, file, Duration.ofHours(1), lost::countDown);

        Files.writeString(
                folder.resolve("_PREPARING"),
                "{\"run_id\": \"0123\", \"until\": \"" + Instant.now().plusSeconds(60) + "\"}");

        assertThat(lost.await(30, TimeUnit.SECONDS))
                .as("long before a sixth of an hour")
                .isTrue();
        assertThat(lease.isLost()).isTrue();
    }

    private void leaveLeaseOfAnotherMachine(Instant until) throws IOException {
        Files.writeString(
                folder.resolve("_PREPARING"),
                "{\"run_id\": \"0123\", \"machine\": \"elsewhere\", \"until\": \"" + until + "\", \"seconds\": 60}");
    }

    /** The other machine's clock is an hour behind. */
    @Test
    void takesNoLeaseThatIsOverByAnotherClockOnly() throws Exception {
        FileSystem files = HadoopFiles.fileSystem(file, new Configuration());
        leaveLeaseOfAnotherMachine(Instant.now().minusSeconds(3600));

        RunException refused = catchThrowableOfType(RunException.class, () -> take(files, file));

        assertThat(refused).hasMessageContaining("is being written by run 0123");
        assertThat(folder).as("no file of the check").isDirectoryNotContaining("glob:**/.*");
    }

    /** The other machine's clock is an hour ahead, and its run has not renewed the lease for two minutes. */
    @Test
    void takesALeaseThatIsOverByTheFileSystemsClock() throws Exception {
        FileSystem files = HadoopFiles.fileSystem(file, new Configuration());
        leaveLeaseOfAnotherMachine(Instant.now().plusSeconds(3600));
        Files.setLastModifiedTime(
                folder.resolve("_PREPARING"), FileTime.from(Instant.now().minusSeconds(120)));

        Lease lease = take(files, file);

        assertThat(lease.renew()).isTrue();
        lease.release(false);
    }

    /** A store that publishes the written bytes when the stream is closed. */
    private static final class Store extends FilterFileSystem {
        private boolean breaks;

        Store() throws IOException {
            super(new RawLocalFileSystem());
            fs.initialize(URI.create("file:///"), new Configuration());
        }

        @Override
        public URI getUri() {
            return URI.create("gs://bucket");
        }

        @Override
        protected void checkPath(Path path) {}

        @Override
        public FSDataOutputStream create(
                Path file, boolean overwrite, int bufferSize, short replication, long blockSize, Progressable progress)
                throws IOException {
            return new FSDataOutputStream(
                    new ByteArrayOutputStream() {
                        @Override
                        public synchronized void write(byte[] bytes, int from, int length) {
                            super.write(bytes, from, breaks ? length / 2 : length);
                            if (breaks) {
                                throw new IllegalStateException("Connection reset");
                            }
                        }

                        @Override
                        public void close() throws IOException {
                            Files.write(java.nio.file.Path.of(file.toUri().getPath()), toByteArray());
                        }
                    },
                    null);
        }
    }

    @Test
    void keepsTheLeaseAfterABrokenRenewal() throws Exception {
        Store store = new Store();
        Lease lease = take(store, new Path(folder.resolve("_PREPARING").toString()));

        store.breaks = true;
        assertThatThrownBy(lease::renew).hasMessageContaining("Connection reset");
        store.breaks = false;

        assertThat(lease.renew()).isTrue();
        lease.release(false);
        assertThat(folder).isEmptyDirectory();
    }
}
