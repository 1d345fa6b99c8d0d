package io.github.sparkfinetune.spark.doctor;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.cluster.ClusterChecks;
import io.github.sparkfinetune.spark.cluster.SparkVersions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Version and folder of Spark, and settings under which training cannot start. */
final class SparkCheck implements Check {
    private static final String ABOUT = "spark";

    @Override
    public List<Finding> findings(Examination examination) {
        List<Finding> findings = new ArrayList<>();
        findings.add(version());
        String home = examination.environment().get("SPARK_HOME");
        if (home != null && !Files.isDirectory(Path.of(home, "jars"))) {
            findings.add(Finding.wrong(
                    "SPARK_HOME", home + " has no folder jars", "set it to the folder of a Spark distribution"));
        } else {
            findings.add(Finding.ok("SPARK_HOME", home == null ? "not set" : home));
        }
        findings.add(Finding.ok("master", examination.settings().get("spark.master")));
        try {
            ClusterChecks.check(examination.settings(), examination.run());
        } catch (RunException e) {
            findings.add(new Finding("settings", e.getMessage(), null, e.exitCode()));
        }
        return findings;
    }

    private static Finding version() {
        String found = SparkVersions.spark() + " with Scala " + SparkVersions.scala();
        try {
            SparkVersions.require();
            return Finding.ok(ABOUT, found);
        } catch (RunException e) {
            return Finding.wrong(ABOUT, found, e.getMessage());
        }
    }
}
