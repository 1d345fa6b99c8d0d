package io.github.sparkfinetune.spark.cluster;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.OperatingSystemMXBean;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.plan.RankMemory;
import java.lang.management.ManagementFactory;
import java.util.OptionalLong;
import org.apache.spark.SparkConf;

/** Checks of the memory outside the Java heap before a run starts anything. */
public final class MemoryChecks {
    private static final long MIB = 1 << 20;

    private MemoryChecks() {}

    /**
     * Refuses a run whose processes would fail for lack of memory. The checks cover executors by their settings, the
     * driver if the ranks are its threads, and this machine if it holds all processes.
     *
     * @param rank memory of each rank
     * @throws RunException with the setting to change
     */
    public static void require(SparkConf spark, RunConfig config, RankMemory rank) {
        Master master = Master.parse(spark.get("spark.master"));
        boolean onGpu = ClusterChecks.onGpu(spark, config);
        int ranks = config.cluster().ranks();
        int perProcess = master.isLocal() ? ranks : Math.min(ranks, ClusterChecks.ranksPerExecutor(spark, config));
        ExecutorMemory process = master.isLocal() ? ExecutorMemory.ofDriver() : ExecutorMemory.of(spark, master);
        process.require(rank, perProcess, onGpu);
        if (!master.isRemote()) {
            int processes = (ranks + perProcess - 1) / perProcess;
            requireMachine(processes * (onGpu ? rank.besideGpus(perProcess) : rank.least(perProcess)), ranks);
        }
    }

    /** Returns whether an executor has the memory of several ranks on the CPU. */
    public static boolean hasRoomFor(SparkConf spark, RankMemory rank, int ranks) {
        return ExecutorMemory.of(spark, Master.parse(spark.get("spark.master"))).hasRoomFor(rank, ranks);
    }

    private static void requireMachine(long needed, int ranks) {
        OptionalLong machine = ofMachine();
        if (machine.isPresent() && machine.getAsLong() < needed) {
            throw RunException.config("this machine has " + machine.getAsLong() / MIB + " MiB of memory, but " + ranks
                    + " rank(s) take about " + needed / MIB + " MiB outside the Java heap: lower cluster.ranks, or use"
                    + " a setting that finetune plan lists");
        }
    }

    /** Returns the bytes of this machine's memory, or of its container's limit; empty if unknown. */
    public static OptionalLong ofMachine() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? OptionalLong.of(system.getTotalMemorySize())
                : OptionalLong.empty();
    }

    /** Returns the bytes of direct memory that Java allows this process; empty if unknown. */
    static OptionalLong directOfThisProcess() {
        HotSpotDiagnosticMXBean vm = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        if (vm == null) {
            return OptionalLong.empty();
        }
        long set = Long.parseLong(vm.getVMOption("MaxDirectMemorySize").getValue());
        // The default is the size of the heap.
        return OptionalLong.of(set > 0 ? set : Runtime.getRuntime().maxMemory());
    }
}
