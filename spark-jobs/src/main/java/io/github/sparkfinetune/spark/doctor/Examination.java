package io.github.sparkfinetune.spark.doctor;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.spark.run.PlanJob;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/**
 * What is looked at.
 *
 * @param run the one that is to be trained, or one of nothing but defaults
 * @param isGiven whether it is the user's
 * @param settings of a session that would train it
 * @param hadoop settings of the file systems
 * @param environment variables of this process
 * @param session starts one
 * @param planner says what a run takes
 */
public record Examination(
        RunConfig run,
        boolean isGiven,
        SparkConf settings,
        Configuration hadoop,
        Map<String, String> environment,
        Supplier<SparkSession> session,
        Function<RunConfig, PlanJob.Plan> planner) {}
