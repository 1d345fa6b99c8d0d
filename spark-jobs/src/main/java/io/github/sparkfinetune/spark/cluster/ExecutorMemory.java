package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.plan.RankMemory;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;

/**
 * Memory of a process of ranks: an executor under Spark's settings, or the driver.
 *
 * @param process {@code executor} or {@code driver}, as in the names of the settings
 * @param heap bytes of the Java heap, {@code spark.executor.memory}
 * @param overhead bytes outside the heap if the cluster enforces a limit, else empty
 * @param direct bytes of direct memory that Java allows; empty if unknown
 */
public record ExecutorMemory(String process, long heap, OptionalLong overhead, OptionalLong direct) {
    private static final String OVERHEAD = "spark.executor.memoryOverhead";
    private static final String FACTOR = "spark.executor.memoryOverheadFactor";
    private static final String JAVA_OPTIONS = "spark.executor.extraJavaOptions";
    /** Spark's smallest overhead, MiB. */
    private static final long LEAST_MIB = 384;

    private static final double DEFAULT_FACTOR = 0.1;
    private static final long MIB = 1 << 20;
    private static final long STEP_MIB = 128;
    /** Factor on the estimated memory. Estimates are within 15% of measurements. */
    private static final double MARGIN = 1.15;

    private static final Pattern MAX_DIRECT = Pattern.compile("-XX:MaxDirectMemorySize=(\\d+)([kKmMgG]?)");

    /**
     * Returns the memory of an executor under these settings. YARN and Kubernetes end an executor that takes more than
     * heap and overhead. A standalone cluster and {@code local-cluster} do not, so there the overhead counts only if it
     * is set.
     */
    public static ExecutorMemory of(SparkConf spark, Master master) {
        long heap = spark.getSizeAsMb("spark.executor.memory", "1g") * MIB;
        boolean enforced = master.kind() == Master.Kind.OTHER || spark.contains(OVERHEAD) || spark.contains(FACTOR);
        return new ExecutorMemory(
                "executor",
                heap,
                enforced ? OptionalLong.of(overhead(spark, heap)) : OptionalLong.empty(),
                OptionalLong.of(direct(spark.get(JAVA_OPTIONS, ""), heap)));
    }

    /** Returns the memory of this process, the driver. */
    static ExecutorMemory ofDriver() {
        return new ExecutorMemory(
                "driver", Runtime.getRuntime().maxMemory(), OptionalLong.empty(), MemoryChecks.directOfThisProcess());
    }

    private static long overhead(SparkConf spark, long heap) {
        if (spark.contains(OVERHEAD)) {
            return spark.getSizeAsMb(OVERHEAD) * MIB;
        }
        return Math.max(LEAST_MIB * MIB, (long) (heap * spark.getDouble(FACTOR, DEFAULT_FACTOR)));
    }

    /** Returns the limit in Java's options, by default the size of the heap. */
    private static long direct(String options, long heap) {
        Matcher found = MAX_DIRECT.matcher(options);
        if (!found.find()) {
            return heap;
        }
        String unit = found.group(2).toLowerCase(java.util.Locale.ROOT);
        int shift = unit.isEmpty() ? 0 : 10 * ("kmg".indexOf(unit) + 1);
        return Long.parseLong(found.group(1)) << shift;
    }

    /** Returns the {@code spark.executor.memoryOverhead} to set for a rank, in MiB: its peak memory plus a margin. */
    public static long recommendedMib(RankMemory rank) {
        return recommendedMib(rank.peak());
    }

    private static long recommendedMib(long bytes) {
        long mib = (long) Math.ceil(bytes * MARGIN / MIB);
        return (mib + STEP_MIB - 1) / STEP_MIB * STEP_MIB;
    }

    /**
     * Refuses settings under which the process would fail or be ended.
     *
     * @param rank memory of each rank
     * @param ranks number of ranks of the process
     * @param onGpu whether the ranks compute on GPUs, so that this memory holds only the data that passes through it
     * @throws RunException with the setting to change
     */
    public void require(RankMemory rank, int ranks, boolean onGpu) {
        long needed = onGpu ? rank.besideGpus(ranks) : rank.mostOfProcess(ranks);
        if (overhead.isPresent() && overhead.getAsLong() < needed) {
            throw RunException.config(OVERHEAD + " is " + overhead.getAsLong() / MIB + "m, but " + taken(ranks, needed)
                    + " MiB outside the Java heap: add --conf " + OVERHEAD + "="
                    + (onGpu ? recommendedMib(needed) : recommendedMib(rank))
                    + "m; finetune plan lists what the memory is for, and settings that need less");
        }
        long buffers = rank.jvm().direct().ofProcess(ranks, onGpu);
        if (direct.isPresent() && direct.getAsLong() < buffers) {
            throw RunException.config("Java allows the " + process + " " + direct.getAsLong() / MIB
                    + " MiB of direct memory, but " + taken(ranks, buffers)
                    + " MiB for stored weights and "
                    + (onGpu ? "data between GPU and network" : "dropout masks") + ": add --conf spark." + process
                    + ".extraJavaOptions=-XX:MaxDirectMemorySize=" + (long) Math.ceil(buffers * MARGIN / MIB)
                    + "m, or raise spark." + process + ".memory");
        }
    }

    /** Returns whether {@link #require} accepts ranks on the CPU. */
    boolean hasRoomFor(RankMemory rank, int ranks) {
        long buffers = rank.jvm().direct().ofProcess(ranks, false);
        return (overhead.isEmpty() || overhead.getAsLong() >= rank.mostOfProcess(ranks))
                && (direct.isEmpty() || direct.getAsLong() >= buffers);
    }

    private static String taken(int ranks, long bytes) {
        return (ranks == 1 ? "a rank takes" : "its " + ranks + " ranks take") + " about " + bytes / MIB;
    }
}
