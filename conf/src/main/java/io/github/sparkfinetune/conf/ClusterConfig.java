package io.github.sparkfinetune.conf;

import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Key;
import java.io.Serializable;

/**
 * The ranks, which are the training processes.
 *
 * @param ranks training processes; each is a barrier task in an executor of its own
 * @param port port on which a rank listens for its peers, or one of the {@code spark.port.maxRetries} ports after it;
 *     0: any free port
 * @param bindAddress address on which a rank listens, such as 0.0.0.0 for all; null: the address under which Spark
 *     reaches its executor
 * @param timeoutSeconds seconds without a sign of life after which a rank gives up on a peer
 * @param startTimeoutSeconds seconds that the driver waits for enough executors to register
 * @param sharedFilesystem whether {@code file:} paths mean the same files on the driver and on every executor
 * @param shardOptimizer whether each rank keeps, updates and saves only its share of the optimizer's state
 */
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
