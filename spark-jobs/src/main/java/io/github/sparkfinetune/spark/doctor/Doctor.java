package io.github.sparkfinetune.spark.doctor;

import io.github.sparkfinetune.conf.RunException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Looks for what is missing on this machine or cluster. */
public final class Doctor {
    private static final List<Check> CHECKS = List.of(
            new JavaCheck(),
            new SparkCheck(),
            new FileSystemsCheck(),
            new HubCheck(),
            new MemoryCheck(),
            new MachinesCheck());

    private Doctor() {}

    /** What all checks find; one that training would end by doesn't keep the others from looking. */
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
