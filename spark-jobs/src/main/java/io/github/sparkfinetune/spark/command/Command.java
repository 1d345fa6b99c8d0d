package io.github.sparkfinetune.spark.command;

import java.io.IOException;
import java.util.List;

/**
 * Work on a run that a user starts by its name: on the command line, in a session of a notebook, by Spark Connect and
 * by the Python package. {@link Commands} finds implementations by {@code META-INF/services}; nothing else names them.
 *
 * @param <A> arguments, a record whose components are {@link Argument}s and whose constructor checks them
 * @param <R> result
 */
public interface Command<A extends Record, R> {

    /**
     * Words of a command in help texts.
     *
     * @param header what the command does, in one line
     * @param description further lines
     * @param example the shortest useful command line, without {@code finetune} and the command's name
     */
    record Help(String header, List<String> description, String example) {}

    /** Returns the name. */
    String name();

    /** Returns the place in the list of all commands, in which the core's commands have multiples of 10. */
    int place();

    /** Returns the words in help texts. */
    Help help();

    /** Returns the record of the arguments. */
    Class<A> arguments();

    /** Returns whether the command works only on a run; otherwise {@link Call#run} may be null. */
    default boolean needsRun() {
        return true;
    }

    /** Returns whether the command reads the model that the run starts from. */
    default boolean readsBaseModel() {
        return true;
    }

    /** Returns whether the command works on all stages of a pipeline at once. */
    default boolean runsPipelines() {
        return false;
    }

    /** Returns whether the command trains, by {@link Call#steps}. */
    default boolean trains() {
        return false;
    }

    /**
     * Returns how many trainings the command has at a time, for which its session needs executors. With at least one,
     * the result of the command is written to the output folder, because a cluster manager does not keep the exit code
     * of a driver.
     */
    default int trainings(A arguments) {
        return trains() ? 1 : 0;
    }

    /** Does the work. */
    R run(Call call, A arguments) throws IOException;

    /** Returns the lines that a user sees of a result. */
    List<String> text(A arguments, R result);
}
