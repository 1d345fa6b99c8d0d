package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
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
 * @param startTimeoutSeconds seconds that the driver waits for enough executors to register; when executors were lost,
 *     their ranks move after half this time to the executors that are left, if cores and memory allow
 * @param sharedFilesystem whether {@code file:} paths mean the same files on the driver and on every executor
 * @param shard what the ranks share, so that each holds and saves only its share
 * @param collective how ranks sum gradients
 */
public record ClusterConfig(
        @Key(mayChange = true, hf = "TrainingArguments.world_size")
        int ranks,

        @Key(mayChange = true) int port,
        @Key(optional = true, mayChange = true) String bindAddress,
        @Key(mayChange = true) int timeoutSeconds,
        @Key(mayChange = true) int startTimeoutSeconds,
        @Key(mayChange = true) boolean sharedFilesystem,
        @Key(mayChange = true) Shard shard,
        @Key(mayChange = true) CollectiveChoice collective)
        implements Serializable {

    /** Parts of the training that the ranks share (Rajbhandari et al. 2020, ZeRO). Each level adds one part. */
    public enum Shard {
        /** Nothing: every rank holds everything. */
        @JsonProperty("none")
        NONE,
        /** The optimizer's state (ZeRO-1). */
        @JsonProperty("optimizer")
        OPTIMIZER,
        /** Also the gradients (ZeRO-2). The micro-batches of a step pass each layer together. */
        @JsonProperty("gradients")
        GRADIENTS,
        /** Also the weights (ZeRO-3), which a rank gathers one layer at a time. */
        @JsonProperty("full")
        FULL;

        /** Returns whether this level shares what another level shares. */
        public boolean shares(Shard other) {
            return compareTo(other) >= 0;
        }
    }

    /** Method by which ranks sum gradients. */
    public enum CollectiveChoice {
        /**
         * By NCCL if each rank has a GPU, NCCL 2.23 or later is there, and Spark does not encrypt its RPC; else by
         * sockets.
         */
        @JsonProperty("auto")
        AUTO,
        /** By the ranks' own sockets, which are authenticated, on their hosts. */
        @JsonProperty("tcp")
        TCP,
        /** By NCCL from GPU to GPU, whose connections are neither authenticated nor encrypted; else the run fails. */
        @JsonProperty("nccl")
        NCCL
    }

    public ClusterConfig {
        Check.that(ranks >= 1, "cluster.ranks", ranks, "at least 1");
        Check.that(port >= 0 && port <= 65535, "cluster.port", port, "between 0 and 65535");
        Check.that(timeoutSeconds >= 1, "cluster.timeout_seconds", timeoutSeconds, "at least 1");
        Check.present("cluster.shard", shard);
        Check.that(startTimeoutSeconds >= 1, "cluster.start_timeout_seconds", startTimeoutSeconds, "at least 1");
        Check.present("cluster.collective", collective);
    }
}
