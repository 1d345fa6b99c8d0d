package io.github.sparkfinetune.extra.tracking;

import io.github.sparkfinetune.conf.TrainingConfig.ReportTo;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.files.GrowingFile;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.spark.listener.CommandOnRun;
import io.github.sparkfinetune.spark.listener.RunListener;
import io.github.sparkfinetune.spark.listener.RunListener.Status;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Tracker that writes TensorBoard's event files in {@value #FOLDER} of the output folder, one {@link EventFile} per
 * command. Tags are those of Hugging Face's {@code TensorBoardCallback}: {@code train/loss}, {@code eval/loss}. A
 * command that resumes a training marks the step from which it logs again, so that readers drop earlier values after
 * the checkpoint.
 */
final class TensorBoardTracker extends Tracker {
    static final String FOLDER = "tensorboard";
    private static final String PREFIX = "events.out.tfevents.";

    private final CommandOnRun command;
    private EventFile file;
    private boolean trains;
    private boolean broken;

    TensorBoardTracker(CommandOnRun command) {
        this.command = command;
    }

    @Override
    synchronized void add(Figures figures) {
        if (broken) {
            return;
        }
        double seconds = figures.millis() / 1e3;
        try {
            if (file == null) {
                file = open(seconds);
            }
            if (figures.repeated() && !trains) {
                trains = true;
                file.startAt(figures.step(), seconds);
                if (figures.split().equals(Manifest.EVAL)) {
                    // Only the evaluation of this step is repeated, not the step itself.
                    addEarlier(figures.step(), figures.millis());
                }
            }
            write(figures);
        } catch (IOException | UncheckedIOException | FSError e) {
            warn(e);
        }
    }

    private void addEarlier(long step, long millis) throws IOException {
        for (TrainingRecord record : command.earlier()) {
            if (record.step() == step && record.eval() == null) {
                write(Figures.of(record, millis));
            }
        }
    }

    private void write(Figures figures) throws IOException {
        Map<String, Double> byTag = new LinkedHashMap<>();
        figures.values().forEach((name, value) -> byTag.put(figures.split() + "/" + name, value));
        file.add(figures.step(), figures.millis() / 1e3, byTag);
    }

    /** Opens a file that is read after the existing files. Readers read files in the order of their names. */
    private EventFile open(double seconds) throws IOException {
        Path folder = command.output(FOLDER);
        FileSystem files = HadoopFiles.fileSystem(folder, command.hadoop());
        files.mkdirs(folder);
        long number = Math.max((long) seconds, newest(files, folder) + 1);
        String name = String.format(Locale.ROOT, "%s%010d.driver", PREFIX, number);
        return new EventFile(new GrowingFile(files, new Path(folder, name)), seconds);
    }

    private static long newest(FileSystem files, Path folder) throws IOException {
        long newest = 0;
        try {
            for (FileStatus status : files.listStatus(folder)) {
                String name = status.getPath().getName();
                if (name.matches("events\\.out\\.tfevents\\.\\d{1,18}\\..*")) {
                    newest = Math.max(newest, Long.parseLong(name.split("\\.", 5)[3]));
                }
            }
        } catch (FileNotFoundException e) {
            // An object store has no folder without files.
            return 0;
        }
        return newest;
    }

    @Override
    public synchronized void end(Status status, List<String> files, Duration patience) {
        if (file == null || broken) {
            return;
        }
        try {
            file.close();
        } catch (IOException | UncheckedIOException | FSError e) {
            warn(e);
        }
    }

    private void warn(Throwable e) {
        broken = true;
        command.warn("TensorBoard's events cannot be written to " + command.output(FOLDER) + " ("
                + String.valueOf(e.getMessage()).lines().findFirst().orElse("") + "): no more events are written");
    }

    /** Follows runs that report to TensorBoard. */
    public static final class Opener implements RunListener.Opener {
        @Override
        public Optional<ReportTo> reportsTo() {
            return Optional.of(ReportTo.TENSORBOARD);
        }

        @Override
        public Optional<RunListener> open(CommandOnRun command) {
            return Optional.of(new TensorBoardTracker(command));
        }
    }
}
