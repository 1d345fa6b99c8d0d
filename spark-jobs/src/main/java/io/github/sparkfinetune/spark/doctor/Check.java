package io.github.sparkfinetune.spark.doctor;

import java.util.List;

/** Something that training needs. A check is a class and a line of {@link Doctor}. */
interface Check {
    /**
     * Looks at it.
     *
     * @throws io.github.sparkfinetune.conf.RunException if training would end by it
     */
    List<Finding> findings(Examination examination);
}
