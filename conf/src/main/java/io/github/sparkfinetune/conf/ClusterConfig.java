package io.github.sparkfinetune.conf;

import java.io.Serializable;

/**
 * The ranks.
 *
 * @param ranks number of training processes: barrier tasks, one an executor
 * @param port port a rank listens on for its peers, 0 for any free one
 * @param timeoutSeconds how long a rank waits for a sign of life of a peer before it gives up
 * @param startTimeoutSeconds how long the driver waits for enough executors to register
 * @param sharedFilesystem whether {@code file:} paths mean the same files on the driver and on every executor
 */
public record ClusterConfig(int ranks, int port, int timeoutSeconds, int startTimeoutSeconds, boolean sharedFilesystem)
        implements Serializable {

    public ClusterConfig {
        Check.that(ranks >= 1, "cluster.ranks", ranks, "at least 1");
        Check.that(port >= 0 && port <= 65535, "cluster.port", port, "between 0 and 65535");
        Check.that(timeoutSeconds >= 1, "cluster.timeout_seconds", timeoutSeconds, "at least 1");
        Check.that(startTimeoutSeconds >= 1, "cluster.start_timeout_seconds", startTimeoutSeconds, "at least 1");
    }
}
