package io.github.sparkfinetune.extra.evidence;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.FilesBelow;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A folder, or a file that ends with {@code .zip}, with the small files of evidence, on any Hadoop file system.
 *
 * <p>A zip file can be read by its central directory or from its first entry on. Both readings have to agree, else one
 * program would verify other files than another program shows.
 */
final class EvidenceFiles {
    private static final String ZIP = ".zip";
    /** First time that a zip file can name. */
    private static final LocalDateTime NO_TIME = LocalDateTime.of(1980, 1, 1, 0, 0);

    /** Limits of what is read into memory. Evidence is a dozen files, the largest a line for each file of a run. */
    private static final int MOST_FILES = 1000;

    private static final long MOST_BYTES = 256L << 20;

    private final Path path;
    private final FileSystem system;

    EvidenceFiles(Path path, Configuration hadoop) {
        this.path = path;
        this.system = HadoopFiles.fileSystem(path, hadoop);
    }

    private boolean isZip() {
        return path.getName().endsWith(ZIP);
    }

    /** @throws RunException if something exists at the path */
    void requireNew() throws IOException {
        if (system.exists(path)) {
            throw RunException.config("--output: " + path + " exists: name another folder or .zip, or remove it");
        }
    }

    /** @param files contents by name; the last one is written last */
    void write(Map<String, byte[]> files) {
        if (isZip()) {
            HadoopFiles.writeWhole(system, path, out -> zip(files, out));
            return;
        }
        files.forEach((name, content) -> HadoopFiles.writeWhole(system, new Path(path, name), content));
    }

    private static void zip(Map<String, byte[]> files, OutputStream out) throws IOException {
        ZipOutputStream zip = new ZipOutputStream(out);
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            ZipEntry entry = new ZipEntry(file.getKey());
            entry.setTimeLocal(NO_TIME);
            zip.putNextEntry(entry);
            zip.write(file.getValue());
            zip.closeEntry();
        }
        zip.finish();
    }

    /**
     * Reads all files.
     *
     * @return contents by name
     * @throws RunException if there is no such folder or file, or if a zip file has two readings or more than 1,000
     *     files or 256 MiB
     */
    Map<String, byte[]> read() throws IOException {
        try {
            FileStatus status = system.getFileStatus(path);
            return status.isDirectory() ? readFolder() : readZip();
        } catch (FileNotFoundException e) {
            throw RunException.data(path + " does not exist: name the folder or .zip of finetune evidence", e);
        } catch (ZipException e) {
            throw RunException.data(path + " is not a zip file: " + e.getMessage(), e);
        }
    }

    private Map<String, byte[]> readFolder() throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        int prefix = path.toUri().getPath().length() + 1;
        long[] bytes = {0};
        FilesBelow.each(system, path, status -> {
            Path file = status.getPath();
            bytes[0] += status.getLen();
            requireWithinLimits(files.size() + 1, bytes[0]);
            try (InputStream in = system.open(file)) {
                files.put(file.toUri().getPath().substring(prefix), HadoopFiles.readAll(in, file.toString()));
            }
        });
        return files;
    }

    private Map<String, byte[]> readZip() throws IOException {
        // The directory is at the end of the file, so the file has to be at hand as a whole.
        java.nio.file.Path folder = Files.createTempDirectory("evidence-");
        try {
            requireWithinLimits(0, system.getFileStatus(path).getLen());
            java.nio.file.Path copy = folder.resolve("evidence.zip");
            HadoopFiles.copyToLocal(system, path, copy);
            try (ZipFile zip = new ZipFile(copy.toFile(), StandardCharsets.UTF_8)) {
                Map<String, byte[]> files = readDirectory(zip);
                requireSequence(copy, files);
                return files;
            }
        } finally {
            HadoopFiles.deleteLocal(folder);
        }
    }

    /** Reads the files that the central directory names, which most programs show. */
    private Map<String, byte[]> readDirectory(ZipFile zip) throws IOException {
        if (zip.getComment() != null) {
            throw refused("the zip file has a comment, in which another directory may be");
        }
        List<? extends ZipEntry> entries =
                zip.stream().filter(entry -> !entry.isDirectory()).toList();
        Set<String> names = new TreeSet<>();
        long bytes = 0;
        for (ZipEntry entry : entries) {
            if (!names.add(entry.getName())) {
                throw refused(entry.getName() + " is in the zip file twice");
            }
            bytes += entry.getSize();
            requireWithinLimits(entries.size(), bytes);
        }
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (ZipEntry entry : entries) {
            // An entry may hold more than its size says.
            try (InputStream in = zip.getInputStream(entry)) {
                byte[] content = HadoopFiles.readAll(in, path + "/" + entry.getName());
                if (content.length != entry.getSize()) {
                    throw refused(entry.getName() + " has another size than the directory of the zip file says");
                }
                files.put(entry.getName(), content);
            }
        }
        return files;
    }

    /** Refuses a zip file whose entries, read one after the other, are not those of the central directory. */
    private void requireSequence(java.nio.file.Path copy, Map<String, byte[]> files) throws IOException {
        Set<String> missing = new TreeSet<>(files.keySet());
        try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(copy), StandardCharsets.UTF_8)) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                if (entry.isDirectory()) {
                    continue;
                }
                byte[] content = files.get(entry.getName());
                if (content == null
                        || !missing.remove(entry.getName())
                        || !Arrays.equals(content, zip.readNBytes(content.length + 1))) {
                    throw differs(entry.getName());
                }
            }
        }
        if (!missing.isEmpty()) {
            throw differs(missing.iterator().next());
        }
    }

    private RunException differs(String name) {
        return refused(name + " is not the same in the directory of the zip file and in the sequence of its entries");
    }

    private RunException refused(String why) {
        return RunException.data(
                path + ": " + why + ": programs may read it differently, so collect the evidence again,"
                        + " or name the unpacked folder");
    }

    private void requireWithinLimits(int files, long bytes) {
        if (files > MOST_FILES) {
            throw RunException.data(
                    "%s has more than %,d files: it is not evidence of finetune".formatted(path, MOST_FILES));
        }
        if (bytes > MOST_BYTES) {
            throw RunException.data(
                    "%s has more than %d MiB: it is not evidence of finetune".formatted(path, MOST_BYTES >> 20));
        }
    }
}
