package io.github.sparkfinetune.spark.cluster;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Kind of the cluster that {@code spark.master} names.
 *
 * @param workers number of workers, with {@link Kind#LOCAL_CLUSTER}; else 0
 * @param cores cores of each worker, with {@link Kind#LOCAL_CLUSTER}, or of the one JVM, with {@link Kind#LOCAL}; else
 *     0
 * @param memoryMiB memory of each worker, with {@link Kind#LOCAL_CLUSTER}; else 0
 */
public record Master(String url, Kind kind, int workers, int cores, int memoryMiB) {
    private static final Pattern LOCAL = Pattern.compile("local(?:\\[([0-9]+|\\*)(?:,\\s*[0-9]+)?])?");
    private static final Pattern LOCAL_CLUSTER =
            Pattern.compile("local-cluster\\[\\s*([0-9]+)\\s*,\\s*([0-9]+)\\s*,\\s*([0-9]+)\\s*]");

    enum Kind {
        /** Driver and tasks in one JVM. */
        LOCAL,
        /** Executors on this machine that the driver starts. */
        LOCAL_CLUSTER,
        /** Spark's own cluster manager. */
        STANDALONE,
        /** YARN, Kubernetes or another cluster manager. */
        OTHER
    }

    public static Master parse(String url) {
        Matcher local = LOCAL.matcher(url);
        if (local.matches()) {
            String cores = local.group(1) == null ? "1" : local.group(1);
            return new Master(
                    url,
                    Kind.LOCAL,
                    0,
                    cores.equals("*") ? Runtime.getRuntime().availableProcessors() : Integer.parseInt(cores),
                    0);
        }
        Matcher cluster = LOCAL_CLUSTER.matcher(url);
        if (cluster.matches()) {
            return new Master(
                    url,
                    Kind.LOCAL_CLUSTER,
                    Integer.parseInt(cluster.group(1)),
                    Integer.parseInt(cluster.group(2)),
                    Integer.parseInt(cluster.group(3)));
        }
        return new Master(url, url.startsWith("spark://") ? Kind.STANDALONE : Kind.OTHER, 0, 0, 0);
    }

    public boolean isLocal() {
        return kind == Kind.LOCAL;
    }

    /** Returns whether {@code file:} paths may name other files, or none, on the machines of the tasks. */
    public boolean isRemote() {
        return kind == Kind.STANDALONE || kind == Kind.OTHER;
    }
}
