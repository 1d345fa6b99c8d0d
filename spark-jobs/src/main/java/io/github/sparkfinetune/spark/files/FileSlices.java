package io.github.sparkfinetune.spark.files;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;

/** Parts of files that one task reads, in few bytes. */
public final class FileSlices implements Serializable {
    private static final long serialVersionUID = 1L;

    private final PackedPaths paths;

    private FileSlices(PackedPaths paths) {
        this.paths = paths;
    }

    /**
     * Divides files among tasks, in the order of their paths. A file that is larger than a task may read is cut into
     * parts of about equal length. Empty files are left out.
     *
     * @param most most bytes of a task, with the bytes for opening files
     * @param open bytes added for each file
     * @param isCuttable whether several tasks can read a file of this path
     */
    public static List<FileSlices> of(FileList files, long most, long open, Predicate<String> isCuttable) {
        List<FileSlices> tasks = new ArrayList<>();
        PackedPaths.Builder task = new PackedPaths.Builder();
        long bytes = 0;
        for (ListedFile file : files) {
            long parts = file.bytes() > most && isCuttable.test(file.path()) ? 1 + (file.bytes() - 1) / most : 1;
            for (long part = 0; part < parts && file.bytes() > 0; part++) {
                long start = offset(file.bytes(), part, parts);
                long length = offset(file.bytes(), part + 1, parts) - start;
                if (task.count() > 0 && bytes + length > most) {
                    tasks.add(new FileSlices(task.build()));
                    task = new PackedPaths.Builder();
                    bytes = 0;
                }
                task.add(file.path(), start, length);
                bytes += length + open;
            }
        }
        if (task.count() > 0) {
            tasks.add(new FileSlices(task.build()));
        }
        return tasks;
    }

    private static long offset(long bytes, long part, long parts) {
        return part == parts ? bytes : bytes / parts * part;
    }

    /** Returns the parts in their order. */
    Iterator<FileSlice> iterator() {
        return paths.iterator(FileSlice::new);
    }

    /** Returns the bytes that the parts take. */
    int size() {
        return paths.size();
    }
}
