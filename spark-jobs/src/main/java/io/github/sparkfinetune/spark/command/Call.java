package io.github.sparkfinetune.spark.command;

import io.github.sparkfinetune.conf.RunConfig;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;

/**
 * What a command works with.
 *
 * @param run run that the command works on; null without one
 * @param sessions supplier of the session, which starts when a command first needs it
 * @param fileSystems supplier of the configuration of the file systems, which needs no session
 * @param progress receives lines while the command works
 */
public record Call(
        RunConfig run,
        Supplier<SparkSession> sessions,
        Supplier<Configuration> fileSystems,
        Consumer<String> progress) {

    /** Returns a call in an existing session. */
    public static Call in(SparkSession session, RunConfig run) {
        return new Call(run, () -> session, session.sparkContext()::hadoopConfiguration, line -> {});
    }

    /** Returns the session. */
    public SparkSession session() {
        return sessions.get();
    }

    /** Returns the configuration of the file systems. */
    public Configuration hadoop() {
        return fileSystems.get();
    }

    /** Shows a line. */
    public void say(String line) {
        progress.accept(line);
    }
}
