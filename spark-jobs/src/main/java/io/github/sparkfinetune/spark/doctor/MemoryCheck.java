package io.github.sparkfinetune.spark.doctor;

import io.github.sparkfinetune.spark.run.HubModels;
import io.github.sparkfinetune.spark.run.PlanJob;
import java.util.ArrayList;
import java.util.List;

/** Memory that a run takes, compared with the memory that exists. */
final class MemoryCheck implements Check {
    private static final String ABOUT = "memory";

    @Override
    public List<Finding> findings(Examination examination) {
        if (!examination.isGiven() || HubModels.name(examination.run()).isPresent()) {
            return List.of();
        }
        PlanJob.Plan plan = examination.planner().apply(examination.run());
        long needed = plan.run().memory().sum() >> 20;
        List<Finding> findings = new ArrayList<>();
        String rank = "a rank takes " + needed + " MiB outside the Java heap";
        plan.refusal()
                .ifPresentOrElse(
                        refusal -> findings.add(Finding.wrong(ABOUT, rank, refusal.getMessage())),
                        () -> findings.add(Finding.ok(ABOUT, rank)));
        if (plan.room().machine().isPresent()
                && plan.machineNeeds() > plan.room().machine().getAsLong()) {
            findings.add(Finding.wrong(
                    ABOUT,
                    "this machine has " + (plan.room().machine().getAsLong() >> 20) + " MiB, "
                            + plan.ranks().count() + " rank(s) take " + (plan.machineNeeds() >> 20),
                    "finetune plan lists settings that need less"));
        }
        return findings;
    }
}
