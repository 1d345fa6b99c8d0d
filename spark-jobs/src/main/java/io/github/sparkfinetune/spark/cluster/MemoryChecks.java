package io.github.sparkfinetune.spark.cluster;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.OperatingSystemMXBean;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.plan.RankMemory;
import java.lang.management.ManagementFactory;
import java.util.OptionalLong;
import org.apache.spark.SparkConf;

/** Compares the memory outside the Java heap that the ranks take with what there is, before anything starts. */
public final class MemoryChecks {
    private static final long MIB = 1 << 20;

    private MemoryChecks() {}

    /**
     * Refuses a run whose processes would end for the memory that they take: executors by their settings, the driver's
     * process where the ranks are its threads, and this machine where it holds them all.
     *
     * @param rank what each takes
     * @throws RunException with the setting to change
     */
    public static void require(SparkConf spark, RunConfig config, RankMemory rank) {
        Master master = Master.parse(spark.get("spark.master"));
        boolean onGpu = ClusterChecks.onGpu(spark, config);
        int ranks = config.compute().cluster().ranks();
        int together = master.isLocal() ? ranks : Math.min(ranks, ClusterChecks.ranksPerExecutor(spark, config));
        ExecutorMemory process = master.isLocal() ? ExecutorMemory.ofDriver() : ExecutorMemory.of(spark, master);
        process.require(rank, together, onGpu);
        if (!master.isRemote()) {
            int processes = (ranks + together - 1) / together;
            requireMachine(processes * (onGpu ? rank.besideGpus(together) : rank.least(together)), ranks);
        }
    }

    private static void requireMachine(long needed, int ranks) {
        OptionalLong machine = ofMachine();
        if (machine.isPresent() && machine.getAsLong() < needed) {
            throw RunException.config("this machine has " + machine.getAsLong() / MIB + " MiB of memory, but " + ranks
                    + " rank(s) take about " + needed / MIB + " MiB outside the Java heap: lower cluster.ranks, or take"
                    + " what finetune plan names");
        }
    }

    /** Bytes of this machine's memory, or of what its container may have; empty where that is not known. */
    public static OptionalLong ofMachine() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? OptionalLong.of(system.getTotalMemorySize())
                : OptionalLong.empty();
    }

    /** Bytes of direct memory that Java allows this process; empty where that is not known. */
    static OptionalLong directOfThisProcess() {
        HotSpotDiagnosticMXBean vm = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        if (vm == null) {
            return OptionalLong.empty();
        }
        long set = Long.parseLong(vm.getVMOption("MaxDirectMemorySize").getValue());
        // Unless it is set it is the heap's.
        return OptionalLong.of(set > 0 ? set : Runtime.getRuntime().maxMemory());
    }
}
