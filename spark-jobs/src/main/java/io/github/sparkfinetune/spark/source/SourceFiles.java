package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.CatalogTable;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.hf.Sha256;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;

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
    /** Approximate ratio by which gzip compresses English text, JSON or CSV. */
    private static final int COMPRESSION = 4;

    /**
     * Number and names of the files of a source.
     *
     * @param count number of files
     * @param first first file by name that is not empty
     * @param emptyTexts number of empty text files, in text folders
     * @param partitions columns in the names of folders: {@code key=value/file}
     */
    public record Listing(long count, String first, long emptyTexts, List<String> partitions) {}

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

    private static final Map<String, DataFormat> ENDINGS = Map.of(
            ".jsonl", DataFormat.JSONL,
            ".json", DataFormat.JSONL,
            ".csv", DataFormat.CSV,
            ".parquet", DataFormat.PARQUET);
    private static final Set<String> COMPRESSED = Set.of(".gz", ".bz2", ".zst", ".deflate");

    /**
     * Lists the files of a source.
     *
     * @throws RunException if nothing exists, the files are empty, or the format cannot be determined
     */
    static SourceFiles list(String key, String split, String text, DataConfig data, Configuration hadoop) {
        DataFormat format = data.sources().format();
        if (format == DataFormat.TABLE) {
            throw RunException.config(key + ": " + text + " is a path, but data.format is table: name a table as "
                    + DataConfig.TABLE + "DATABASE.NAME, or set data.format to auto");
        }
        try {
            Path path = new Path(AbsolutePaths.of(key, text, hadoop));
            FileSystem system = path.getFileSystem(hadoop);
            FileStatus[] roots = system.globStatus(path);
            if (roots == null || roots.length == 0) {
                throw RunException.data(key + ": " + path + " does not exist: correct the path");
            }
            TableFolders.refuse(key, system, List.of(roots));
            List<FileStatus> files = files(key, system, roots);
            long bytes = files.stream().mapToLong(FileStatus::getLen).sum();
            if (bytes == 0) {
                throw RunException.data(key + ": " + path + " is empty: there must be text in it");
            }
            DataFormat known = format == DataFormat.AUTO ? detect(key, path, files, roots[0].isDirectory()) : format;
            long emptyTexts = known == DataFormat.TEXT_FOLDERS
                    ? files.stream().filter(file -> file.getLen() == 0).count()
                    : 0;
            return new SourceFiles(
                    key,
                    split,
                    path.toString(),
                    known,
                    new Listing(
                            files.size(),
                            first(files),
                            emptyTexts,
                            roots.length == 1 ? partitions(roots[0].getPath(), files) : List.of()),
                    new Size(
                            bytes,
                            files.stream().mapToLong(SourceFiles::textBytes).sum(),
                            whole(
                                    files,
                                    known == DataFormat.CSV && data.sources().multiline())),
                    fingerprintOf(files),
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
        FileStatus[] roots = system.globStatus(path);
        if (roots == null) {
            return Optional.empty();
        }
        List<FileStatus> files = files(source.key(), system, roots);
        return fingerprintOf(files).equals(source.fingerprint()) ? Optional.of(files) : Optional.empty();
    }

    private static List<FileStatus> files(String key, FileSystem system, FileStatus[] roots) throws IOException {
        List<FileStatus> files = new ArrayList<>();
        for (FileStatus root : roots) {
            collect(key, system, root, files);
        }
        files.sort(Comparator.comparing(file -> file.getPath().toString()));
        return files;
    }

    private static String fingerprintOf(List<FileStatus> files) {
        return fingerprint(files.stream()
                .map(file -> file.getPath() + "\t" + file.getLen() + "\t" + file.getModificationTime() + "\n")
                .toList());
    }

    private static String first(List<FileStatus> files) {
        return files.stream()
                .filter(file -> file.getLen() > 0)
                .findFirst()
                .orElseThrow()
                .getPath()
                .toString();
    }

    public Manifest.Source toManifest() {
        return new Manifest.Source(key, path, listing.count(), size.bytes(), fingerprint, table);
    }

    /**
     * Returns the keys of the folders between a root and its files, if all files have the same keys and no other
     * folders.
     */
    private static List<String> partitions(Path root, List<FileStatus> files) {
        Set<List<String>> found = new HashSet<>();
        for (FileStatus file : files) {
            List<String> keys = new ArrayList<>();
            for (Path folder = file.getPath().getParent();
                    folder != null && folder.depth() > root.depth();
                    folder = folder.getParent()) {
                int equals = folder.getName().indexOf('=');
                if (equals <= 0) {
                    return List.of();
                }
                keys.add(0, folder.getName().substring(0, equals));
            }
            found.add(keys);
        }
        return found.size() == 1 ? List.copyOf(found.iterator().next()) : List.of();
    }

    private static void collect(String key, FileSystem system, FileStatus root, List<FileStatus> files)
            throws IOException {
        if (root.isFile()) {
            files.add(root);
            return;
        }
        int prefix = root.getPath().toUri().getPath().length();
        RemoteIterator<LocatedFileStatus> all = system.listFiles(root.getPath(), true);
        while (all.hasNext()) {
            LocatedFileStatus file = all.next();
            TableFolders.refuseLog(key, system, file.getPath());
            String below = file.getPath().toUri().getPath().substring(prefix);
            // Spark skips these files, too.
            if (!below.contains("/_") && !below.contains("/.")) {
                files.add(file);
            }
        }
    }

    /** Returns whether a file's name has the ending of a compressed file. */
    static boolean isCompressed(String file) {
        int dot = file.lastIndexOf('.');
        return dot >= 0 && COMPRESSED.contains(file.substring(dot).toLowerCase(Locale.ROOT));
    }

    private static long textBytes(FileStatus file) {
        return isCompressed(file.getPath().getName()) ? COMPRESSION * file.getLen() : file.getLen();
    }

    /** @param isEach whether one task must read each file, whatever its name */
    private static Optional<Whole> whole(List<FileStatus> files, boolean isEach) {
        return files.stream()
                .filter(file -> isEach || isUnsplittable(file.getPath().getName()))
                .max(Comparator.comparingLong(SourceFiles::textBytes))
                .map(file -> new Whole(file.getPath().toString(), file.getLen(), textBytes(file)));
    }

    /**
     * Returns whether a file must be read from its beginning: compressed files, except bzip2, whose blocks can be
     * found.
     */
    private static boolean isUnsplittable(String name) {
        return isCompressed(name) && !name.toLowerCase(Locale.ROOT).endsWith(".bz2");
    }

    private static DataFormat detect(String key, Path path, List<FileStatus> files, boolean folder) {
        Set<DataFormat> formats = new TreeSet<>();
        for (FileStatus file : files) {
            String name = file.getPath().getName().toLowerCase(Locale.ROOT);
            int dot = name.lastIndexOf('.');
            if (isCompressed(name)) {
                name = name.substring(0, dot);
                dot = name.lastIndexOf('.');
            }
            DataFormat byName = dot < 0 ? null : ENDINGS.get(name.substring(dot));
            if (byName != null) {
                formats.add(byName);
            } else if (folder) {
                formats.add(DataFormat.TEXT_FOLDERS);
            }
        }
        if (formats.size() == 1) {
            return formats.iterator().next();
        }
        throw RunException.config(key + ": the format of " + path + " cannot be determined from "
                + (formats.isEmpty() ? "its name" : "the names in it (" + formats + ")")
                + ": set data.format to text_folders, text, jsonl, csv or parquet");
    }

    /** Returns the SHA-256 of lines, in hexadecimal digits. */
    static String fingerprint(List<String> lines) {
        MessageDigest digest = Sha256.digest();
        for (String line : lines) {
            digest.update(line.getBytes(StandardCharsets.UTF_8));
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
