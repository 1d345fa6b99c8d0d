package io.github.sparkfinetune.spark.run;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.hf.HadoopFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The right of one run to write a folder: a file of UTF-8 JSON in it, which says whose it is and until when.
 *
 * <pre>
 * { "run_id" : "5f0c…", "process" : 1234, "host" : "driver-3", "machine" : "driver-3 8e1f… pid:[4026531836]",
 *   "since" : "2026-11-26T06:20:01Z", "until" : "2026-11-26T06:22:01Z" }
 * </pre>
 *
 * <p>The holder renews it six times as often as it must. A run that finds one takes it over where its time is up, or
 * where it is of a process of this machine that has ended ({@code machine}: host, boot and namespace of processes);
 * else it is refused. Of runs that find none at the same moment one creates the file, and the others are refused.
 * Object stores cannot create a file so, and no file system replaces one so. There the run whose file stays keeps the
 * lease: each reads its own back after a pause of {@value #SETTLE_MILLIS} ms. A run that hangs for longer between its
 * look and its write finds out when it renews, the first time after as long a pause again, or before it commits.
 */
public final class Lease {
    /** Far longer than a file system is out of reach, or a driver collects garbage. */
    public static final Duration LENGTH = Duration.ofMinutes(2);

    private static final Logger LOG = LoggerFactory.getLogger(Lease.class);
    private static final int RENEWALS = 6;
    /** A file that is being replaced is empty for a moment. */
    private static final int READS = 5;

    private static final long BETWEEN_READS_MILLIS = 100;
    /** Between two looks whether another run still renews its own. */
    private static final long BETWEEN_LOOKS_MILLIS = 1000;
    /** Longer than another run takes from finding no lease to having written its own. */
    private static final long SETTLE_MILLIS = 2000;

    private static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .build();

    private final FileSystem files;
    private final Path file;
    private final Duration length;
    private final Mark first;
    private final ScheduledExecutorService renewals = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread thread = new Thread(work, "lease");
        thread.setDaemon(true);
        return thread;
    });
    private volatile boolean lost;
    private boolean released;
    private Future<?> renewal;

    /** What the file holds. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    private record Mark(String runId, long process, String host, String machine, String since, String until) {
        Mark {
            if (runId == null || until == null || Instant.parse(until) == null) {
                throw new IllegalArgumentException("no lease");
            }
        }

        static Mark ours(Duration length) {
            Instant now = Instant.now();
            String host = localHost();
            return new Mark(
                    HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong()),
                    ProcessHandle.current().pid(),
                    host,
                    localMachine(host),
                    now.truncatedTo(ChronoUnit.SECONDS).toString(),
                    shown(now.plus(length)));
        }

        Mark until(Instant end) {
            return new Mark(runId, process, host, machine, since, shown(end));
        }

        private static String shown(Instant time) {
            return time.truncatedTo(ChronoUnit.MILLIS).toString();
        }

        boolean isOver() {
            boolean here = machine != null && !machine.isEmpty() && machine.equals(localMachine(localHost()));
            boolean ended = here
                    && ProcessHandle.of(process).filter(ProcessHandle::isAlive).isEmpty();
            return ended || !Instant.now().isBefore(Instant.parse(until));
        }
    }

    private Lease(FileSystem files, Path file, Duration length, Mark first) {
        this.files = files;
        this.file = file;
        this.length = length;
        this.first = first;
    }

    /**
     * Takes the right to write a folder.
     *
     * @param file that says so
     * @param onLost is called, by another thread, when another run has taken it over
     * @throws RunException with exit code 4 if another run has it
     */
    public static Lease take(FileSystem files, Path file, Duration length, Runnable onLost) throws IOException {
        Lease lease = new Lease(files, file, length, Mark.ours(length));
        boolean isThere = lease.find();
        if (isThere || HadoopFiles.isObjectStore(files) || !HadoopFiles.createNew(files, file, lease.bytes())) {
            lease.replace();
        }
        lease.keep(onLost);
        return lease;
    }

    /** Returns whether there is a lease whose run has ended. */
    public static boolean isOver(FileSystem files, Path file) throws IOException {
        Mark there = read(files, file);
        return there != null && there.isOver();
    }

    /**
     * Looks for a lease.
     *
     * @return whether there is one, whose time is up
     * @throws RunException with exit code 4 if another run has it
     */
    private boolean find() throws IOException {
        Mark there = read(files, file);
        if (there != null && !there.isOver()) {
            throw held(file, there);
        }
        return there != null;
    }

    /** Writes this run's over what is there, unless another run has it by now. */
    private void replace() throws IOException {
        long start = System.nanoTime();
        find();
        write(Instant.now().plus(length));
        pause(Math.max(SETTLE_MILLIS, 3 * TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start)));
        Mark winner = read(files, file);
        if (winner == null) {
            throw new IOException(file + " is gone, just after it was written");
        }
        if (!winner.runId().equals(runId())) {
            throw held(file, winner);
        }
    }

    /**
     * As {@link #take}; but where another run has it, waits until that one renews it, which refuses this one, or its
     * time is up: of a driver that has ended on another machine only that tells.
     */
    public static Lease await(FileSystem files, Path file, Duration length, Runnable onLost) throws IOException {
        Mark first = read(files, file);
        long deadline = System.nanoTime() + length.toNanos();
        if (first != null && !first.isOver()) {
            LOG.warn("{} is run {}'s on {}: waits for whether that one still runs", file, first.runId(), first.host());
        }
        for (Mark there = first;
                there != null && there.equals(first) && !there.isOver() && System.nanoTime() < deadline;
                there = read(files, file)) {
            pause(BETWEEN_LOOKS_MILLIS);
        }
        return take(files, file, length, onLost);
    }

    private static RunException held(Path file, Mark there) {
        return RunException.failed(
                file.getParent() + " is being written by run " + there.runId() + " (process " + there.process() + " on "
                        + there.host() + ", since " + there.since() + "), whose lease ends at " + there.until()
                        + " unless it is renewed: wait for it, or stop it and start this again then",
                null);
    }

    /** Null where there is none, or one without a holder: an empty one of an earlier version. */
    private static Mark read(FileSystem files, Path file) throws IOException {
        for (int read = 0; read < READS; read++) {
            try (FSDataInputStream in = files.open(file)) {
                return JSON.readValue(in.readAllBytes(), Mark.class);
            } catch (FileNotFoundException e) {
                return null;
            } catch (JsonProcessingException e) {
                pause(BETWEEN_READS_MILLIS);
            }
        }
        return null;
    }

    private static void pause(long millis) throws IOException {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private void write(Instant until) throws IOException {
        byte[] mark = JSON.writeValueAsBytes(first.until(until));
        try {
            HadoopFiles.write(files, file, out -> out.write(mark));
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private byte[] bytes() throws IOException {
        return JSON.writeValueAsBytes(first);
    }

    private void keep(Runnable onLost) {
        long period = length.toMillis() / RENEWALS;
        renewal = renewals.scheduleWithFixedDelay(
                () -> {
                    try {
                        if (!renew()) {
                            renewals.shutdown();
                            onLost.run();
                        }
                    } catch (IOException | RuntimeException | FSError e) {
                        // The next one may reach it.
                        LOG.warn("{} cannot be renewed: {}", file, e.getMessage());
                    }
                },
                Math.min(period, SETTLE_MILLIS),
                period,
                TimeUnit.MILLISECONDS);
    }

    /** In hexadecimal, 16 digits; no other run has it. */
    public String runId() {
        return first.runId();
    }

    /**
     * Makes it last.
     *
     * @return whether it is still this run's
     */
    public synchronized boolean renew() throws IOException {
        if (!released && isOurs()) {
            write(Instant.now().plus(length));
        }
        return !lost;
    }

    private boolean isOurs() throws IOException {
        Mark there = lost ? null : read(files, file);
        lost |= there == null || !there.runId().equals(runId());
        return !lost;
    }

    /** Whether another run has taken it over. */
    public boolean isLost() {
        return lost;
    }

    /** What a run says that has lost its folder. */
    public RunException lost(Exception e) {
        return RunException.failed(
                file.getParent() + " was taken over by another run, because this one did not renew its lease in time:"
                        + " wait for that one, or start this again when it has ended",
                e);
    }

    /**
     * Gives it back, unless it is another run's by now.
     *
     * @param keep whether the file stays, as that of a run that has ended, so that what it wrote may be replaced
     */
    public synchronized void release(boolean keep) throws IOException {
        released = true;
        renewal.cancel(false);
        renewals.shutdown();
        if (isOurs()) {
            if (keep || !deleted()) {
                write(Instant.now());
            }
        }
    }

    private boolean deleted() {
        try {
            files.delete(file, false);
            return true;
        } catch (IOException e) {
            LOG.warn("{} stays, as that of a run that has ended: it can't be deleted ({})", file, e.getMessage());
            return false;
        }
    }

    private static String localHost() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (IOException e) {
            return "localhost";
        }
    }

    /** Empty where the system does not tell which one it is. */
    private static String localMachine(String host) {
        try {
            return host + " "
                    + Files.readString(java.nio.file.Path.of("/proc/sys/kernel/random/boot_id"))
                            .strip()
                    + " " + Files.readSymbolicLink(java.nio.file.Path.of("/proc/self/ns/pid"));
        } catch (IOException e) {
            return "";
        }
    }
}
