package io.github.sparkfinetune.data.files;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;

/** Files in a folder, at any depth. */
public final class FilesBelow {
    private FilesBelow() {}

    /** Receiver of files. */
    @FunctionalInterface
    public interface Visitor {
        /** Takes a file. */
        void visit(FileStatus file) throws IOException;
    }

    /** Returns whether Spark skips a file or folder of this name. */
    public static boolean isHidden(String name) {
        return (name.startsWith("_") && !name.contains("=")) || name.startsWith(".") || name.endsWith("._COPYING_");
    }

    /** Returns whether Spark skips a file below a folder, for its own name or that of a folder between them. */
    public static boolean isHidden(Path folder, Path file) {
        String below = file.toUri().getPath().substring(folder.toUri().getPath().length());
        return Arrays.stream(below.split("/")).anyMatch(FilesBelow::isHidden);
    }

    /** Passes on all files below a folder, in any order. */
    public static void each(FileSystem system, Path folder, Visitor visitor) throws IOException {
        if (system instanceof LocalFileSystem) {
            eachLocal(system, folder, visitor);
            return;
        }
        RemoteIterator<LocatedFileStatus> files = system.listFiles(folder, true);
        while (files.hasNext()) {
            visitor.visit(files.next());
        }
    }

    /** {@code listFiles} would start a process for each local file, which asks for the file's permissions. */
    private static void eachLocal(FileSystem system, Path folder, Visitor visitor) throws IOException {
        Deque<Path> folders = new ArrayDeque<>();
        folders.add(folder);
        while (!folders.isEmpty()) {
            for (FileStatus file : system.listStatus(folders.remove())) {
                if (file.isDirectory()) {
                    folders.add(file.getPath());
                } else {
                    visitor.visit(file);
                }
            }
        }
    }
}
