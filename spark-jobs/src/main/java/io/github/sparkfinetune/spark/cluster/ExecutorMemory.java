package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.plan.RankMemory;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;

/**
 * The memory that Spark's settings give an executor, and with it a rank.
 *
 * @param heap bytes of the Java heap, {@code spark.executor.memory}
 * @param overhead bytes besides, where something holds an executor to it; empty where nothing does
 * @param direct bytes of direct memory that Java allows, empty where it is not known
 */
public record ExecutorMemory(long heap, OptionalLong overhead, OptionalLong direct) {
    private static final String OVERHEAD = "spark.executor.memoryOverhead";
    private static final String FACTOR = "spark.executor.memoryOverheadFactor";
    private static final String JAVA_OPTIONS = "spark.executor.extraJavaOptions";
    /** Spark's least overhead, MiB. */
    private static final long LEAST_MIB = 384;

    private static final double DEFAULT_FACTOR = 0.1;
    private static final long MIB = 1 << 20;
    private static final long STEP_MIB = 128;
    /** Of what is estimated; the estimate is within 15% of what is measured. */
    private static final double MARGIN = 1.15;

    private static final Pattern MAX_DIRECT = Pattern.compile("-XX:MaxDirectMemorySize=(\\d+)([kKmMgG]?)");

    /**
     * What the settings say. YARN and Kubernetes end an executor that takes more than heap and overhead; a standalone
     * cluster and {@code local-cluster} do not, so there the overhead counts where it was set.
     */
    public static ExecutorMemory of(SparkConf spark, Master master) {
        long heap = spark.getSizeAsMb("spark.executor.memory", "1g") * MIB;
        boolean enforced = master.kind() == Master.Kind.OTHER || spark.contains(OVERHEAD) || spark.contains(FACTOR);
        return new ExecutorMemory(
                heap,
                enforced ? OptionalLong.of(overhead(spark, heap)) : OptionalLong.empty(),
                OptionalLong.of(direct(spark.get(JAVA_OPTIONS, ""), heap)));
    }

    private static long overhead(SparkConf spark, long heap) {
        if (spark.contains(OVERHEAD)) {
            return spark.getSizeAsMb(OVERHEAD) * MIB;
        }
        return Math.max(LEAST_MIB * MIB, (long) (heap * spark.getDouble(FACTOR, DEFAULT_FACTOR)));
    }

    /** Java's default is the size of the heap. */
    private static long direct(String options, long heap) {
        Matcher found = MAX_DIRECT.matcher(options);
        if (!found.find()) {
            return heap;
        }
        String unit = found.group(2).toLowerCase(java.util.Locale.ROOT);
        int shift = unit.isEmpty() ? 0 : 10 * ("kmg".indexOf(unit) + 1);
        return Long.parseLong(found.group(1)) << shift;
    }

    /**
     * The {@code spark.executor.memoryOverhead} to set for a rank, in MiB: what training and evaluation take and a
     * margin.
     */
    public static long recommendedMib(RankMemory rank) {
        long mib = (long) Math.ceil(Math.max(rank.sum(), rank.evaluation()) * MARGIN / MIB);
        return (mib + STEP_MIB - 1) / STEP_MIB * STEP_MIB;
    }

    /**
     * Refuses settings under which the rank would be ended.
     *
     * @throws RunException with the setting to change
     */
    public void require(RankMemory rank) {
        if (overhead.isPresent() && overhead.getAsLong() < rank.sum()) {
            throw RunException.config(OVERHEAD + " is " + overhead.getAsLong() / MIB + "m, but a rank takes about "
                    + rank.sum() / MIB + " MiB outside the Java heap: add --conf " + OVERHEAD + "="
                    + recommendedMib(rank) + "m; finetune plan says what it is for, and what needs less");
        }
        if (direct.isPresent() && direct.getAsLong() < rank.direct()) {
            throw RunException.config("Java allows a rank " + direct.getAsLong() / MIB + " MiB of direct memory, but it"
                    + " takes about " + rank.direct() / MIB + " MiB for stored weights and dropout masks: add --conf "
                    + JAVA_OPTIONS + "=-XX:MaxDirectMemorySize="
                    + (long) Math.ceil(rank.direct() * MARGIN / MIB) + "m, or raise spark.executor.memory");
        }
    }
}
