package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.spark.files.FileList;
import io.github.sparkfinetune.spark.files.ListedFile;
import io.github.sparkfinetune.spark.files.RawTexts;
import io.github.sparkfinetune.spark.source.SourceFiles.Whole;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;

/**
 * Numbers and sums of the files of a source, which are added one by one in any order and not kept: a source may have
 * millions of files, and Hadoop's status of a file takes about a kilobyte.
 */
final class FileTotals {
    /** Approximate ratio by which gzip compresses English text, JSON or CSV. */
    private static final int COMPRESSION = 4;

    private final boolean isFolder;
    private final FileList.Builder files = new FileList.Builder();
    private final Set<DataFormat> formats = new TreeSet<>();
    /** Keys of the folders between a root and its files; more than one list if files differ. */
    private final Set<List<String>> folders = new HashSet<>();

    private long count;
    private long empty;
    private long bytes;
    private long textBytes;
    private String first;
    private Whole largest;
    private Whole largestUnsplittable;

    /** @param isFolder whether the source is a folder, in which a file of an unknown ending is a text */
    FileTotals(boolean isFolder) {
        this.isFolder = isFolder;
    }

    /**
     * Adds a file.
     *
     * @param root file or folder that the source's path names
     */
    void add(FileStatus root, FileStatus file) {
        String path = file.getPath().toString();
        String name = file.getPath().getName();
        long length = file.getLen();
        files.add(ListedFile.of(file));
        count++;
        bytes += length;
        empty += length == 0 ? 1 : 0;
        Whole whole = new Whole(path, length, RawTexts.isCompressed(name) ? COMPRESSION * length : length);
        textBytes += whole.textBytes();
        if (length > 0 && (first == null || path.compareTo(first) < 0)) {
            first = path;
        }
        largest = larger(largest, whole);
        if (isUnsplittable(name)) {
            largestUnsplittable = larger(largestUnsplittable, whole);
        }
        format(name).ifPresent(formats::add);
        if (folders.size() < 2) {
            folders.add(keys(root.getPath(), file.getPath()));
        }
    }

    /** Returns the larger file, and of equal ones the first by path. */
    private static Whole larger(Whole a, Whole b) {
        if (a == null || b.textBytes() > a.textBytes()) {
            return b;
        }
        return b.textBytes() == a.textBytes() && b.file().compareTo(a.file()) < 0 ? b : a;
    }

    private Optional<DataFormat> format(String file) {
        String name = file.toLowerCase(Locale.ROOT);
        String plain = RawTexts.isCompressed(name) ? name.substring(0, name.lastIndexOf('.')) : name;
        int dot = plain.lastIndexOf('.');
        Optional<DataFormat> byName = dot < 0 ? Optional.empty() : SourceFormats.byEnding(plain.substring(dot));
        return byName.isEmpty() && isFolder ? Optional.of(DataFormat.TEXT_FOLDERS) : byName;
    }

    /** Returns the keys of the folders between a root and a file; empty if a folder has no key. */
    private static List<String> keys(Path root, Path file) {
        List<String> keys = new ArrayList<>();
        for (Path folder = file.getParent();
                folder != null && folder.depth() > root.depth();
                folder = folder.getParent()) {
            int equals = folder.getName().indexOf('=');
            if (equals <= 0) {
                return List.of();
            }
            keys.add(0, folder.getName().substring(0, equals));
        }
        return keys;
    }

    /**
     * Returns whether a file must be read from its beginning: compressed files, except bzip2, whose blocks can be
     * found.
     */
    private static boolean isUnsplittable(String name) {
        return RawTexts.isCompressed(name) && !name.toLowerCase(Locale.ROOT).endsWith(".bz2");
    }

    /** Returns the formats of the files by their names. */
    Set<DataFormat> formats() {
        return formats;
    }

    /**
     * Returns the files with their number and names. It ends this object: no file can be added afterwards.
     *
     * @param some whether the path names more files
     */
    SourceFiles.Listing listing(DataFormat format, boolean oneRoot, boolean some) {
        return new SourceFiles.Listing(
                count,
                first,
                format.hasLabelFolders() ? empty : 0,
                oneRoot && folders.size() == 1 ? List.copyOf(folders.iterator().next()) : List.of(),
                files.build(),
                some);
    }

    /** @param whole whether one task must read each file, whatever its name */
    SourceFiles.Size size(boolean whole) {
        return new SourceFiles.Size(bytes, textBytes, Optional.ofNullable(whole ? largest : largestUnsplittable));
    }

    /** Returns the length of all files. */
    long bytes() {
        return bytes;
    }
}
