package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.CatalogTable;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.FilesBelow;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.spark.files.FileList;
import io.github.sparkfinetune.spark.files.ListedFile;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Files that the path of a source names.
 *
 * @param key configuration key of the source in messages
 * @param split name of the split of its rows, before rows are held out; null for rows to predict
 * @param path absolute path or glob
 * @param format any format except auto
 * @param listing number and names of the files
 * @param size size of the files
 * @param fingerprint SHA-256 of the files' names, lengths and times of modification; for a table see
 *     {@link SourceTable}
 * @param table table of the catalog; null for files and views
 */
public record SourceFiles(
        String key,
        String split,
        String path,
        DataFormat format,
        Listing listing,
        Size size,
        String fingerprint,
        CatalogTable table) {
    /**
     * Number and names of the files of a source.
     *
     * @param count number of files
     * @param first first file by name that is not empty
     * @param emptyTexts number of empty text files, in text folders
     * @param partitions columns in the names of folders: {@code key=value/file}
     * @param files files; empty for a table
     * @param isPart whether only these files are read, of those that the path or the table names
     */
    public record Listing(
            long count, String first, long emptyTexts, List<String> partitions, FileList files, boolean isPart) {
        /** Makes a listing without the files themselves. */
        public Listing(long count, String first, long emptyTexts, List<String> partitions) {
            this(count, first, emptyTexts, partitions, FileList.EMPTY, false);
        }
    }

    /**
     * Size of the files of a source.
     *
     * @param bytes length of all files
     * @param textBytes approximate length of the text: for a compressed file four times the file's length
     * @param whole largest file that one task must read alone, if any
     */
    public record Size(long bytes, long textBytes, Optional<Whole> whole) {
        /** Returns the size of files that are not compressed and that several tasks can read. */
        public static Size plain(long bytes) {
            return new Size(bytes, bytes, Optional.empty());
        }
    }

    /**
     * File that one task must read from beginning to end.
     *
     * @param file path of the file
     * @param bytes length of the file
     * @param textBytes approximate length of its text
     */
    public record Whole(String file, long bytes, long textBytes) {}

    /**
     * Returns files that need not exist, for an estimate: JSON lines, not compressed.
     *
     * @param count number of files
     * @param bytes length of all files
     */
    public static SourceFiles planned(long count, long bytes) {
        return new SourceFiles(
                "data.train",
                Manifest.TRAIN,
                "/planned",
                DataFormat.JSONL,
                new Listing(count, "/planned/first", 0, List.of()),
                Size.plain(bytes),
                "",
                null);
    }

    /**
     * Lists the files of a source.
     *
     * @throws RunException if nothing exists, the files are empty, or the format cannot be determined
     */
    static SourceFiles list(String key, String split, String text, DataConfig data, Configuration hadoop) {
        DataFormat format = data.format();
        if (format.isOfCatalog()) {
            throw RunException.config(key + ": " + text + " is a path, but data.format is table: name a table as "
                    + DataConfig.TABLE + "DATABASE.NAME, or set data.format to auto");
        }
        try {
            Path path = new Path(AbsolutePaths.of(key, text, hadoop));
            FileSystem system = path.getFileSystem(hadoop);
            List<FileStatus> roots = roots(system, path);
            if (roots.isEmpty()) {
                throw RunException.data(key + ": " + path + " does not exist: correct the path");
            }
            TableFolders.refuse(key, system, roots);
            FileTotals files = new FileTotals(roots.get(0).isDirectory());
            for (FileStatus root : roots) {
                visit(key, system, root, file -> files.add(root, file));
            }
            if (files.bytes() == 0) {
                throw RunException.data(key + ": " + path + " is empty: there must be text in it");
            }
            DataFormat known = format.isAuto() ? detect(key, path, files.formats()) : format;
            Listing listing = files.listing(known, roots.size() == 1, false);
            return new SourceFiles(
                    key,
                    split,
                    path.toString(),
                    known,
                    listing,
                    files.size(known.hasQuotedFields() && data.multiline()),
                    listing.files().fingerprint(),
                    null);
        } catch (FileNotFoundException e) {
            throw RunException.data(key + ": " + text + " does not exist: correct the path", e);
        } catch (IOException e) {
            String what = key + ": " + text + " cannot be read (" + e.getMessage() + ")";
            throw HadoopFiles.isUnavailable(e)
                    ? RunException.failed(what + ": fix that, then start it again", e)
                    : RunException.data(what, e);
        }
    }

    /**
     * Returns the files of a source of a prepared dataset, sorted by path.
     *
     * @return empty if the source is a table, or has other files now than when the dataset was prepared
     */
    public static Optional<List<FileStatus>> unchanged(Manifest.Source source, Configuration hadoop)
            throws IOException {
        if (source.table() != null || DataConfig.isTable(source.path())) {
            return Optional.empty();
        }
        Path path = new Path(source.path());
        FileSystem system = path.getFileSystem(hadoop);
        List<FileStatus> files = new ArrayList<>();
        FileList.Builder listed = new FileList.Builder();
        for (FileStatus root : roots(system, path)) {
            visit(source.key(), system, root, file -> {
                files.add(file);
                listed.add(ListedFile.of(file));
            });
        }
        files.sort(Comparator.comparing(file -> file.getPath().toString()));
        return listed.build().fingerprint().equals(source.fingerprint()) ? Optional.of(files) : Optional.empty();
    }

    public Manifest.Source toManifest() {
        return new Manifest.Source(key, path, listing.count(), size.bytes(), fingerprint, table);
    }

    /** Returns what a path or a pattern names. Like Spark, a pattern names no hidden file. */
    private static List<FileStatus> roots(FileSystem system, Path path) throws IOException {
        FileStatus[] found = system.globStatus(path);
        List<FileStatus> roots = new ArrayList<>(found == null ? List.of() : List.of(found));
        if (roots.size() > 1) {
            roots.removeIf(root -> FilesBelow.isHidden(root.getPath().getName()));
        }
        return roots;
    }

    /** Passes on the files below a root that Spark reads. */
    private static void visit(String key, FileSystem system, FileStatus root, Consumer<FileStatus> files)
            throws IOException {
        if (root.isFile()) {
            files.accept(root);
            return;
        }
        FilesBelow.each(system, root.getPath(), file -> {
            TableFolders.refuseLog(key, system, file.getPath());
            if (!FilesBelow.isHidden(root.getPath(), file.getPath())) {
                files.accept(file);
            }
        });
    }

    private static DataFormat detect(String key, Path path, Set<DataFormat> formats) {
        if (formats.size() == 1) {
            return formats.iterator().next();
        }
        throw RunException.config(key + ": the format of " + path + " cannot be determined from "
                + (formats.isEmpty() ? "its name" : "the names in it (" + formats + ")")
                + ": set data.format to text_folders, text, jsonl, csv or parquet");
    }
}
