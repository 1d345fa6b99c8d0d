package io.github.sparkfinetune.job;

import io.github.sparkfinetune.conf.ExitCode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.data.hf.HadoopFiles;
import io.github.sparkfinetune.report.RunFolder;
import java.io.IOException;
import java.util.List;
import org.apache.hadoop.fs.FSError;

/**
 * How a command's work is done, whoever asks for it: with a full disk or heap as an error that its reader can act on,
 * and with {@value RunFolder#STATUS} at its end.
 *
 * @param command its name
 */
public record Execution(String command, Jobs jobs, Console console) {
    /** How an error begins of a folder that is not this run's, where nothing may be written. */
    private static final String REFUSED_FOLDER = "output.dir:";

    /** What is done. */
    @FunctionalInterface
    public interface Work {
        /** Does it. */
        void run() throws IOException;
    }

    /** Where {@value RunFolder#STATUS} is written. */
    @FunctionalInterface
    public interface Folder {
        /** Opens it. */
        RunFolder open() throws IOException;
    }

    /**
     * Does it.
     *
     * @param writesStatus whether the output folder says how it ended
     */
    public void run(List<Stage> stages, boolean writesStatus, Work work) throws IOException {
        try {
            explained(work);
        } catch (Throwable e) {
            if (writesStatus) {
                writeStatus(command, () -> folder(stages), Failure.of(e), console);
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
                    "a file can't be written (" + HadoopFiles.failure(e).getMessage()
                            + "): start it again, once that is mended",
                    e);
        } catch (OutOfMemoryError e) {
            throw RunException.failed(
                    "the driver ran out of memory (" + e.getMessage()
                            + "): raise --driver-memory (spark.driver.memory) and start it again",
                    e);
        }
    }

    /** With folders instead of names of the Hugging Face Hub. */
    public List<Stage> withModels(List<Stage> stages) {
        return stages.stream()
                .map(stage -> new Stage(
                        stage.name(), jobs.fetchModel(stage.config(), line -> console.say("fetch     " + line))))
                .toList();
    }

    /** Says in the folder how a command ended, where that is its run's. */
    public static void writeStatus(String command, Folder folder, Failure end, Console console) {
        if (end.message() != null && end.message().startsWith(REFUSED_FOLDER)) {
            return;
        }
        try {
            folder.open().writeStatus(command, end.exitCode(), end.message());
        } catch (IOException | RuntimeException | FSError e) {
            console.err()
                    .println("warning: " + RunFolder.STATUS + " can't be written: " + Failure.oneLine(e.toString()));
        }
    }
}
