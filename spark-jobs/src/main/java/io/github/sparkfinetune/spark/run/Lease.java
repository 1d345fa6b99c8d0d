package io.github.sparkfinetune.spark.run;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Right of one run to write a folder. The lease is a file of UTF-8 JSON in the folder, which names its run and its end.
 *
 * <pre>
 * { "run_id" : "5f0c…", "process" : 1234, "host" : "driver-3", "machine" : "driver-3 8e1f… pid:[4026531836]",
 *   "since" : "2026-11-26T06:20:01Z", "until" : "2026-11-26T06:22:01Z", "seconds" : 120, "ended" : false }
 * </pre>
 *
 * <p>The holder renews the lease six times as often as needed. A run that finds a lease takes it over if its time is
 * up, or if it belongs to an ended process of this machine ({@code machine}: host, boot and namespace of processes).
 * Otherwise the run is refused. The time is up if the file is older than {@code seconds}. The file system stamps this
 * file and the one that it is compared with, so the clocks of the machines do not matter.
 *
 * <p>If several runs find no lease at the same moment, one run creates the file and the others are refused. Object
 * stores have no such exclusive creation, and no file system has an exclusive replacement. There the run whose file
 * stays holds the lease: each run reads the file back after a pause of {@value #SETTLE_MILLIS} ms. A run may hang for
 * longer between its check and its write. Such a run notices the other run at its first renewal, after another pause of
 * this length, or at the latest before it commits.
 */
public final class Lease {
    /** Far longer than a file system is unavailable, or a driver collects garbage. */
    public static final Duration LENGTH = Duration.ofMinutes(2);

    /** File of the lease of a command that works on several runs below one folder. */
    public static final String COMMAND = "_COMMAND";

    private static final Logger LOG = LoggerFactory.getLogger(Lease.class);
    private static final int RENEWALS = 6;
    /** Interval in which a waiting run checks whether the other run has renewed its lease. */
    private static final long BETWEEN_CHECKS_MILLIS = 1000;
    /** Longer than another run takes between finding no lease and writing its own. */
    private static final long SETTLE_MILLIS = 2000;

    private final LeaseFile file;
    private final Duration length;
    private final LeaseMark first;
    private final ScheduledExecutorService renewals = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread thread = new Thread(work, "lease");
        thread.setDaemon(true);
        return thread;
    });
    private volatile boolean lost;
    private boolean released;
    private Future<?> renewal;

    private Lease(LeaseFile file, Duration length, LeaseMark first) {
        this.file = file;
        this.length = length;
        this.first = first;
    }

    /**
     * Takes the lease of a folder.
     *
     * @param file file of the lease
     * @param onLost called on another thread when another run has taken over the lease
     * @throws RunException with exit code 4 if another run holds the lease
     */
    public static Lease take(FileSystem files, Path file, Duration length, Runnable onLost) throws IOException {
        return take(new LeaseFile(files, file), length, onLost, null);
    }

    /** @param over lease whose time is known to be up, or null */
    private static Lease take(LeaseFile file, Duration length, Runnable onLost, LeaseMark over) throws IOException {
        Lease lease = new Lease(file, length, LeaseMark.ofThisProcess(length));
        boolean exists = lease.find(over);
        if (exists || !file.create(lease.first)) {
            lease.replace(over);
        }
        lease.keep(onLost);
        return lease;
    }

    /**
     * Returns whether a file of a folder is a lease, or one that a check of the lease leaves there for a moment: a
     * probe of the file system's clock, and the checksum of a local file.
     *
     * @param name name of the file
     * @param lease name of the lease's file
     */
    public static boolean isOf(String name, String lease) {
        return name.replaceFirst("^\\.+", "").startsWith(lease);
    }

    /** Returns whether there is a lease whose run has not ended. */
    public static boolean isHeld(FileSystem files, Path file) throws IOException {
        LeaseFile shared = new LeaseFile(files, file);
        LeaseMark current = shared.read();
        return current != null && !shared.remaining(current).isZero();
    }

    /** Returns whether there is a lease whose run has ended. */
    public static boolean isOver(FileSystem files, Path file) throws IOException {
        LeaseFile shared = new LeaseFile(files, file);
        LeaseMark current = shared.read();
        return current != null && shared.remaining(current).isZero();
    }

    /**
     * Checks for a lease in the folder.
     *
     * @param over lease whose time is known to be up, or null
     * @return whether there is a lease whose run has ended
     * @throws RunException with exit code 4 if another run holds the lease
     */
    private boolean find(LeaseMark over) throws IOException {
        LeaseMark current = file.read();
        if (current != null && !current.equals(over) && !file.remaining(current).isZero()) {
            throw held(current);
        }
        return current != null;
    }

    /** Replaces the existing lease by this run's, unless another run has taken the lease meanwhile. */
    private void replace(LeaseMark over) throws IOException {
        long start = System.nanoTime();
        find(over);
        file.write(first.renewed());
        LeaseFile.pause(Math.max(SETTLE_MILLIS, 3 * TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start)));
        LeaseMark winner = file.read();
        if (winner == null) {
            throw new IOException(file + " was deleted just after it was written");
        }
        if (!winner.runId().equals(runId())) {
            throw held(winner);
        }
    }

    /**
     * Takes the lease as {@link #take} does, but waits if another run holds it. The call waits until the other run
     * renews its lease, and this run is then refused, or until the lease ends. After the death of a driver on another
     * machine, only the end of its lease shows that it has ended.
     */
    public static Lease await(FileSystem files, Path file, Duration length, Runnable onLost) throws IOException {
        LeaseFile shared = new LeaseFile(files, file);
        LeaseMark first = shared.read();
        Duration remaining = first == null ? Duration.ZERO : shared.remaining(first);
        long deadline = System.nanoTime() + remaining.toNanos();
        if (!remaining.isZero()) {
            LOG.warn(
                    "{} belongs to run {} on {}: waiting to see whether that run still renews it",
                    file,
                    first.runId(),
                    first.host());
        }
        LeaseMark current = first;
        while (current != null && current.equals(first) && !current.hasEnded() && System.nanoTime() < deadline) {
            LeaseFile.pause(BETWEEN_CHECKS_MILLIS);
            current = shared.read();
        }
        // This run has seen the same lease until its time was up.
        return take(shared, length, onLost, current != null && current.equals(first) ? first : null);
    }

    /**
     * Takes the lease of a folder, which need not exist, for a command on the calling thread. The thread is interrupted
     * when another command has taken over the lease.
     */
    public static Lease ofCommand(Path folder, Configuration hadoop) throws IOException {
        FileSystem files = HadoopFiles.open(folder, hadoop);
        files.mkdirs(folder);
        return await(files, new Path(folder, COMMAND), LENGTH, Thread.currentThread()::interrupt);
    }

    private RunException held(LeaseMark current) {
        return RunException.failed(
                file.folder() + " is being written by run " + current.runId() + " (process " + current.process()
                        + " on "
                        + current.host() + ", since " + current.since() + "), whose lease ends at " + current.until()
                        + " unless it is renewed: wait for that run, or stop it, then start this one again",
                null);
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
                        // The next renewal may succeed.
                        LOG.warn("{} cannot be renewed: {}", file, e.getMessage());
                    }
                },
                Math.min(period, SETTLE_MILLIS),
                period,
                TimeUnit.MILLISECONDS);
    }

    /** Returns the id of this run, 16 hexadecimal digits that no other run has. */
    public String runId() {
        return first.runId();
    }

    /**
     * Renews the lease.
     *
     * @return whether this run still holds the lease
     */
    public synchronized boolean renew() throws IOException {
        if (!released && isHeld()) {
            file.write(first.renewed());
        }
        return !lost;
    }

    private boolean isHeld() throws IOException {
        LeaseMark current = lost ? null : file.read();
        lost |= current == null || !current.runId().equals(runId());
        return !lost;
    }

    /** Returns whether another run has taken over the lease. */
    public boolean isLost() {
        return lost;
    }

    /** Returns the error of a run that has lost its folder. */
    public RunException lost(Exception e) {
        return RunException.failed(
                file.folder() + " was taken over by another run, because this run did not renew its lease in time:"
                        + " start this run again when the other run has ended",
                e);
    }

    /**
     * Releases the lease, unless another run holds it.
     *
     * @param keep whether the file stays, as the lease of an ended run, so that a later run may replace this run's
     *     files
     */
    public synchronized void release(boolean keep) throws IOException {
        released = true;
        renewal.cancel(false);
        renewals.shutdown();
        if (isHeld()) {
            if (keep || !file.deleted()) {
                file.write(first.released());
            }
        }
    }
}
