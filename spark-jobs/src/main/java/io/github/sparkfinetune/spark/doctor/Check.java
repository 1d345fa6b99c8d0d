package io.github.sparkfinetune.spark.doctor;

import java.util.List;

/** A condition that training needs. To add a check, write a class and add it to the list in {@link Doctor}. */
interface Check {
    /**
     * Examines this condition.
     *
     * @throws io.github.sparkfinetune.conf.error.RunException if training would fail because of it
     */
    List<Finding> findings(Examination examination);
}
