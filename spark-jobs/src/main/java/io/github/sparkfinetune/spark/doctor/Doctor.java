package io.github.sparkfinetune.spark.doctor;

import io.github.sparkfinetune.conf.error.RunException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Examines this machine or cluster for what training needs. */
public final class Doctor {
    private static final List<Check> CHECKS = List.of(
            new JavaCheck(),
            new SparkCheck(),
            new FileSystemsCheck(),
            new HubCheck(),
            new MemoryCheck(),
            new MachinesCheck());

    private Doctor() {}

    /** Returns the findings of all checks. A check that finds an error does not stop the checks after it. */
    public static List<Finding> examine(Examination examination) {
        return examine(CHECKS, examination);
    }

    static List<Finding> examine(List<Check> checks, Examination examination) {
        List<Finding> findings = new ArrayList<>();
        for (Check check : checks) {
            try {
                findings.addAll(check.findings(examination));
            } catch (RunException e) {
                findings.add(new Finding(about(check), e.getMessage(), null, e.exitCode()));
            }
        }
        return findings;
    }

    private static String about(Check check) {
        return check.getClass().getSimpleName().replaceFirst("Check$", "").toLowerCase(Locale.ROOT);
    }
}
