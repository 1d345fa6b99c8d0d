package io.github.sparkfinetune.core.checkpoint;

import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.Path;

/** Copies the checkpoints of a run into the folder of a run with the same settings. */
public final class CheckpointCopy {
    private CheckpointCopy() {}

    /**
     * Copies all committed checkpoints. A copy counts once it is complete, as a written checkpoint does, because the
     * markers are copied last; files of an earlier, interrupted copy are replaced.
     *
     * @param from folder of the checkpoints of one run
     * @param to folder of the checkpoints of the other run
     */
    public static void run(Path from, Path to, Configuration hadoop) throws IOException {
        FileSystem source = HadoopFiles.open(from, hadoop);
        FileSystem target = HadoopFiles.open(to, hadoop);
        // The final checkpoint is the newest one, so an interrupted copy is never taken for a run that has ended.
        List<Checkpoint> oldestFirst = CheckpointStore.open(from, hadoop, "reader").committed().stream()
                .sorted(Checkpoint.NEWEST_FIRST.reversed())
                .toList();
        for (Checkpoint checkpoint : oldestFirst) {
            FileStatus[] files = source.listStatus(new Path(from, checkpoint.name()));
            Arrays.sort(files, Comparator.comparingInt(CheckpointCopy::order));
            for (FileStatus file : files) {
                Path copy =
                        new Path(new Path(to, checkpoint.name()), file.getPath().getName());
                FileUtil.copy(source, file, target, copy, false, true, hadoop);
            }
        }
    }

    /** Returns the place of a file in the order of writing: content, markers of the ranks, mark of the end. */
    private static int order(FileStatus file) {
        String name = file.getPath().getName();
        return name.equals(CheckpointStore.FINAL) ? 2 : name.startsWith(OptimizerShare.WHOLE.marker()) ? 1 : 0;
    }
}
