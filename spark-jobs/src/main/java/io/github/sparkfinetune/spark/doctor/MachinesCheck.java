package io.github.sparkfinetune.spark.doctor;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.cluster.Executors;
import io.github.sparkfinetune.spark.cluster.Master;
import io.github.sparkfinetune.spark.cluster.Placement;
import io.github.sparkfinetune.spark.run.HubModels;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.rdd.RDD;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/** Machines of the ranks: the driver's machine in local mode, else the executors' machines. */
final class MachinesCheck implements Check {
    private static final long MIB = 1 << 20;
    /** Disk that every training takes, for libraries and small models. */
    private static final long LEAST_DISK = 2048 * MIB;

    @Override
    public List<Finding> findings(Examination examination) {
        Master master = Master.parse(examination.settings().get("spark.master"));
        List<MachineFacts> machines = master.isLocal()
                ? List.of(MachineFacts.here(localName(), localDir(examination), List.of()))
                : executors(examination);
        long disk = disk(examination);
        List<Finding> findings = new ArrayList<>();
        for (MachineFacts machine : machines) {
            findings.addAll(findings(machine, disk));
        }
        return findings;
    }

    private static List<MachineFacts> executors(Examination examination) {
        RunConfig run = examination.run();
        SparkContext spark = examination.session().get().sparkContext();
        int ranks = run.cluster().ranks();
        ClassTag<MachineFacts> tag = ClassTag$.MODULE$.apply(MachineFacts.class);
        try {
            Executors.await(spark, run);
            List<Integer> rows = IntStream.range(0, ranks).boxed().toList();
            RDD<MachineFacts> facts = new JavaSparkContext(spark)
                    .parallelize(rows, ranks)
                    .rdd()
                    .barrier()
                    .mapPartitions(new MachineCheckTask(run.cluster()), false, tag);
            return new JavaRDD<>(Placement.of(spark, run, ranks).place(facts), tag).collect();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw RunException.failed("interrupted while waiting for executors", e);
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw Errors.explain("looking at the executors", e);
        }
    }

    static List<Finding> findings(MachineFacts machine, long disk) {
        String host = machine.host() + ": ";
        List<Finding> findings = new ArrayList<>();
        findings.add(
                machine.torch().failure() == null
                        ? Finding.ok(
                                "pytorch",
                                String.format(
                                        Locale.ROOT,
                                        "%scomputes, %.0f GFLOP/s a core",
                                        host,
                                        machine.torch().gigaflops()))
                        : Finding.wrong("pytorch", host + machine.torch().failure(), "it needs glibc 2.28 or newer"));
        String processor = host + machine.hardware().cores() + " core(s), "
                + String.join(" ", machine.hardware().features()) + ", "
                + machine.software().libc() + ", Java " + machine.software().java();
        findings.add(
                machine.hardware().features().contains("avx2")
                        ? Finding.ok("machine", processor)
                        : Finding.advice("machine", processor, "without AVX2, training is several times slower"));
        String free = host + machine.hardware().freeDisk() / MIB + " MiB free in spark.local.dir";
        findings.add(
                machine.hardware().freeDisk() >= disk
                        ? Finding.ok("disk", free)
                        : Finding.wrong(
                                "disk",
                                free + ", " + disk / MIB + " are needed",
                                "set spark.local.dir to a larger disk"));
        for (String address : machine.unreached()) {
            findings.add(Finding.failing(
                    "network",
                    host + address + " cannot be reached",
                    "let executors reach each other there; cluster.port fixes the port, cluster.bind_address"
                            + " the address"));
        }
        return findings;
    }

    /** Returns the bytes that the run takes on a local disk. */
    private static long disk(Examination examination) {
        if (!examination.isGiven() || HubModels.name(examination.run()).isPresent()) {
            return LEAST_DISK;
        }
        try {
            return Math.max(
                    LEAST_DISK,
                    examination.planner().apply(examination.run()).run().disk().sum());
        } catch (RunException e) {
            // The check of memory reports this error.
            return LEAST_DISK;
        }
    }

    private static Path localDir(Examination examination) {
        String first = examination
                .settings()
                .get("spark.local.dir", System.getProperty("java.io.tmpdir"))
                .replaceFirst(",.*", "");
        return Path.of(first);
    }

    private static String localName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }
}
