package io.github.sparkfinetune.spark.evidence;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.FilesBelow;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** A folder, or a file that ends with {@code .zip}, with the small files of evidence, on any Hadoop file system. */
final class EvidenceFiles {
    private static final String ZIP = ".zip";
    /** First time that a zip file can name. */
    private static final LocalDateTime NO_TIME = LocalDateTime.of(1980, 1, 1, 0, 0);

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
     * @throws RunException if there is no such folder or file
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
        FilesBelow.each(system, path, status -> {
            Path file = status.getPath();
            try (InputStream in = system.open(file)) {
                files.put(file.toUri().getPath().substring(prefix), HadoopFiles.readAll(in, file.toString()));
            }
        });
        return files;
    }

    private Map<String, byte[]> readZip() throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        try (ZipInputStream zip = new ZipInputStream(system.open(path))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                if (!entry.isDirectory()) {
                    files.put(entry.getName(), HadoopFiles.readAll(zip, path + "/" + entry.getName()));
                }
            }
        }
        return files;
    }
}
