package io.github.sparkfinetune.spark.command;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.Stage;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;

/**
 * What a command works with.
 *
 * @param stages run that the command works on, or the stages of a pipeline; none for a command without a run
 * @param sessions supplier of the session, which starts when a command first needs it
 * @param fileSystems supplier of the configuration of the file systems, which needs no session
 * @param steps opens the steps of a run
 * @param progress receives lines while the command works
 */
public record Call(
        List<Stage> stages,
        Supplier<SparkSession> sessions,
        Supplier<Configuration> fileSystems,
        RunSteps.Opener steps,
        Consumer<String> progress) {

    public Call {
        stages = List.copyOf(stages);
    }

    /** Returns a call that needs file systems alone. */
    public static Call on(Supplier<Configuration> fileSystems, RunConfig run) {
        return new Call(
                stages(run),
                () -> {
                    throw new IllegalStateException("the call has no session");
                },
                fileSystems,
                Call::noSteps,
                line -> {});
    }

    /** Returns a call in an existing session. */
    public static Call in(SparkSession session, RunConfig run) {
        return new Call(
                stages(run), () -> session, session.sparkContext()::hadoopConfiguration, Call::noSteps, line -> {});
    }

    /** Returns this call with another receiver of lines. */
    public Call showing(Consumer<String> lines) {
        return new Call(stages, sessions, fileSystems, steps, lines);
    }

    private static List<Stage> stages(RunConfig run) {
        return run == null ? List.of() : List.of(Stage.only(run));
    }

    private static RunSteps noSteps(RunConfig run) {
        throw new IllegalStateException("the call has no steps");
    }

    /** Returns the run that the command works on; null without one. */
    public RunConfig run() {
        return stages.isEmpty() ? null : stages.get(0).config();
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
