package io.github.sparkfinetune.job;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.spark.folder.RunFolder;
import java.io.IOException;
import java.util.List;
import org.apache.hadoop.fs.FSError;

/**
 * Runs a command's work. Turns a full disk or heap into an error that the user can act on, and writes
 * {@value RunFolder#STATUS} at the end.
 *
 * @param command name of the command
 */
public record Execution(String command, Jobs jobs, Console console) {
    /** Prefix of the error for a folder of another run, into which nothing may be written. */
    private static final String REFUSED_FOLDER = "output.dir:";

    /** Work of a command. */
    @FunctionalInterface
    public interface Work {
        /** Does the work. */
        void run() throws IOException;
    }

    /** Supplier of the folder for {@value RunFolder#STATUS}. */
    @FunctionalInterface
    public interface Folder {
        /** Opens the folder. */
        RunFolder open() throws IOException;
    }

    /**
     * Runs the work.
     *
     * @param writesStatus whether to write the result to the output folder
     */
    public void run(List<Stage> stages, boolean writesStatus, Work work) throws IOException {
        try {
            explained(work);
        } catch (Throwable e) {
            if (writesStatus) {
                // Pending after a cancelled step; the write would fail too.
                boolean interrupted = Thread.interrupted();
                writeStatus(command, () -> folder(stages), Failure.of(e), console);
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
            throw e;
        }
        if (writesStatus) {
            writeStatus(command, () -> folder(stages), new Failure(ExitCode.DONE, null, true), console);
        }
    }

    private RunFolder folder(List<Stage> stages) throws IOException {
        RunConfig first = stages.get(0).config();
        return stages.size() > 1 ? RunFolder.above(first, jobs.hadoop()) : RunFolder.of(first, jobs.hadoop());
    }

    private static void explained(Work work) throws IOException {
        try {
            work.run();
        } catch (FSError e) {
            throw RunException.failed(
                    "a file cannot be written (" + HadoopFiles.failure(e).getMessage()
                            + "): fix that, then start it again",
                    e);
        } catch (OutOfMemoryError e) {
            throw RunException.failed(
                    "the driver ran out of memory (" + e.getMessage()
                            + "): raise --driver-memory (spark.driver.memory) and start it again",
                    e);
        }
    }

    /** Returns the stages with folders instead of the Hugging Face Hub's model names. */
    public List<Stage> withModels(List<Stage> stages) {
        return stages.stream()
                .map(stage -> new Stage(
                        stage.name(), jobs.fetchModel(stage.config(), line -> console.say("fetch     " + line))))
                .toList();
    }

    /** Writes the result of a command to the folder, unless the folder belongs to another run. */
    public static void writeStatus(String command, Folder folder, Failure end, Console console) {
        if (end.message() != null && end.message().startsWith(REFUSED_FOLDER)) {
            return;
        }
        try {
            folder.open().writeStatus(command, end.exitCode(), end.message());
        } catch (IOException | RuntimeException | FSError e) {
            console.err()
                    .println("warning: " + RunFolder.STATUS + " cannot be written: "
                            + Failure.of(e, false).message());
        }
    }
}
