package io.github.sparkfinetune.conf;

import java.io.Serializable;

/** The ranks, which are the training processes. */
public record ClusterConfig(
        @Key(mayChange = true, hf = "TrainingArguments.world_size")
        int ranks,

        @Key(mayChange = true) int port,
        @Key(optional = true, mayChange = true) String bindAddress,
        @Key(mayChange = true) int timeoutSeconds,
        @Key(mayChange = true) int startTimeoutSeconds,
        @Key(mayChange = true) boolean sharedFilesystem,
        @Key(mayChange = true) boolean shardOptimizer)
        implements Serializable {

    public ClusterConfig {
        Check.that(ranks >= 1, "cluster.ranks", ranks, "at least 1");
        Check.that(port >= 0 && port <= 65535, "cluster.port", port, "between 0 and 65535");
        Check.that(timeoutSeconds >= 1, "cluster.timeout_seconds", timeoutSeconds, "at least 1");
        Check.that(startTimeoutSeconds >= 1, "cluster.start_timeout_seconds", startTimeoutSeconds, "at least 1");
    }
}
