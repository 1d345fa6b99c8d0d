package io.github.sparkfinetune.spark.run;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Content of a lease's file: the run that holds the lease, and the lease's end.
 *
 * @param runId id of the run, 16 hexadecimal digits that no other run has
 * @param process id of the run's process
 * @param host host of the process, for people
 * @param machine host, boot and namespace of processes; empty if the system does not provide them
 * @param since start of the lease
 * @param until end of the lease by the clock of its machine, unless the run renews it; for people
 * @param seconds length of the lease since its last renewal; null in a file of an earlier version
 * @param ended whether the run has ended; null in a file of an earlier version
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record LeaseMark(
        String runId,
        long process,
        String host,
        String machine,
        String since,
        String until,
        Long seconds,
        Boolean ended) {
    LeaseMark {
        if (runId == null || until == null || Instant.parse(until) == null) {
            throw new IllegalArgumentException("no lease");
        }
    }

    /** Returns the mark of a new run in this process. */
    static LeaseMark ofThisProcess(Duration length) {
        Instant now = Instant.now();
        String host = localHost();
        return new LeaseMark(
                HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong()),
                ProcessHandle.current().pid(),
                host,
                localMachine(host),
                now.truncatedTo(ChronoUnit.SECONDS).toString(),
                shown(now.plus(length)),
                length.toSeconds(),
                false);
    }

    /** Returns the mark of the same run, whose lease begins again now. */
    LeaseMark renewed() {
        return new LeaseMark(
                runId, process, host, machine, since, shown(Instant.now().plus(length())), seconds, false);
    }

    /** Returns the mark of the same run after its end. */
    LeaseMark released() {
        return new LeaseMark(runId, process, host, machine, since, shown(Instant.now()), seconds, true);
    }

    /** Returns the length of the lease since its last renewal. */
    Duration length() {
        return seconds == null ? Lease.LENGTH : Duration.ofSeconds(seconds);
    }

    private static String shown(Instant time) {
        return time.truncatedTo(ChronoUnit.MILLIS).toString();
    }

    /** Returns whether the run has released the lease, or its process ran on this machine and has ended. */
    boolean hasEnded() {
        boolean here = machine != null && !machine.isEmpty() && machine.equals(localMachine(localHost()));
        boolean isDead =
                here && ProcessHandle.of(process).filter(ProcessHandle::isAlive).isEmpty();
        return isDead || Boolean.TRUE.equals(ended);
    }

    private static String localHost() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (IOException e) {
            return "localhost";
        }
    }

    /** Returns an id of this machine; empty if the system does not provide one. */
    private static String localMachine(String host) {
        try {
            return host + " "
                    + Files.readString(Path.of("/proc/sys/kernel/random/boot_id"))
                            .strip()
                    + " " + Files.readSymbolicLink(Path.of("/proc/self/ns/pid"));
        } catch (IOException e) {
            return "";
        }
    }
}
