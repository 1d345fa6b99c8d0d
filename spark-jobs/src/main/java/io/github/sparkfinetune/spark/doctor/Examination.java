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
 * Subject of the checks.
 *
 * @param run run to train, or a run of defaults only
 * @param isGiven whether the user named the run
 * @param settings settings of a session that would train the run
 * @param hadoop settings of the file systems
 * @param environment variables of this process
 * @param session starts a session
 * @param planner computes the memory and disk of a run
 */
public record Examination(
        RunConfig run,
        boolean isGiven,
        SparkConf settings,
        Configuration hadoop,
        Map<String, String> environment,
        Supplier<SparkSession> session,
        Function<RunConfig, PlanJob.Plan> planner) {}
