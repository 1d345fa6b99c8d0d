package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.core.task.PredictedRow;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.spark.cluster.ComputingTasks;
import io.github.sparkfinetune.spark.model.ComputeTurn;
import io.github.sparkfinetune.spark.run.RowFile;
import io.github.sparkfinetune.spark.run.RowFolder;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.Function2;

/**
 * Predicts the rows of a part of the source and writes its file. The file's footer has the {@link RowDigest}.
 *
 * <p>A part of several pieces ({@link PartSizes#next}) is written piece by piece. Each piece is
 * {@code _unfinished/part-PART/PIECE.parquet} with its own digest. The pieces then become row groups of the file. A
 * repeated part, in the same command or in a later one, predicts only the pieces that are missing or have other rows.
 */
record PartTask(ModelTask model, String folder, RowType<?> type, PartSizes sizes)
        implements Function2<Integer, Iterator<TaskInput>, Iterator<PredictedPart>> {
    /** Name of the folder with the pieces of unfinished parts. */
    static final String UNFINISHED = "_unfinished";

    @Override
    public Iterator<PredictedPart> call(Integer number, Iterator<TaskInput> inputs) throws Exception {
        RowFile file = new Work(number).write(inputs);
        return List.of(new PredictedPart(number, file.madeOf(), file.bytes())).iterator();
    }

    private final class Work {
        private final Configuration hadoop = model.hadoop();
        private final Path file;
        private final Path unfinished;
        /** Opened for the first row to predict. */
        private Predictor predictor;

        Work(int number) {
            file = RowFolder.part(new Path(folder), number);
            unfinished = new Path(folder, String.format(Locale.ROOT, UNFINISHED + "/part-%05d", number));
        }

        RowFile write(Iterator<TaskInput> inputs) throws Exception {
            FileSystem files = HadoopFiles.fileSystem(file, hadoop);
            Set<String> existing = names(files);
            List<TaskInput> rows = sizes.next(inputs);
            RowFile written;
            if (inputs.hasNext()) {
                written = join(rows, inputs, existing);
                existing = Set.of(UNFINISHED);
            } else {
                written = RowFile.write(
                        file, type, predicted(rows), RowDigest.of(rows).toString(), hadoop);
            }
            if (!existing.isEmpty()) {
                HadoopFiles.discard(files, unfinished);
            }
            return written;
        }

        private Set<String> names(FileSystem files) throws IOException {
            try {
                return Arrays.stream(files.listStatus(unfinished))
                        .map(status -> status.getPath().getName())
                        .collect(Collectors.toSet());
            } catch (FileNotFoundException e) {
                return Set.of();
            }
        }

        private RowFile join(List<TaskInput> first, Iterator<TaskInput> others, Set<String> existing) throws Exception {
            RowDigest all = new RowDigest();
            List<RowFile> pieces = new ArrayList<>();
            for (List<TaskInput> rows = first; !rows.isEmpty(); rows = sizes.next(others)) {
                RowDigest digest = RowDigest.of(rows);
                all.add(digest);
                String name = String.format(Locale.ROOT, "%05d.parquet", pieces.size());
                pieces.add(piece(new Path(unfinished, name), rows, digest.toString(), existing.contains(name)));
            }
            return RowFile.join(file, type, pieces, all.toString(), hadoop);
        }

        private RowFile piece(Path path, List<TaskInput> rows, String madeOf, boolean exists) throws Exception {
            Optional<RowFile> before = exists ? RowFile.read(path, hadoop) : Optional.empty();
            if (before.isPresent() && before.get().madeOf().equals(madeOf)) {
                return before.get();
            }
            return RowFile.write(path, type, predicted(rows), madeOf, hadoop);
        }

        private Iterator<? extends PredictedRow> predicted(List<TaskInput> rows) throws Exception {
            if (rows.isEmpty()) {
                return Collections.emptyIterator();
            }
            if (predictor == null) {
                if (model.placement().perExecutor() == 1) {
                    // With local[N] Spark starts N tasks, which have read and tokenized their rows by now.
                    TaskContext task = TaskContext.get();
                    ComputeTurn.take(task, model.placement().gpu(task));
                }
                predictor = model.open();
            }
            return ComputingTasks.rows(TaskContext.get(), predictor.predict(rows.iterator()));
        }
    }
}
