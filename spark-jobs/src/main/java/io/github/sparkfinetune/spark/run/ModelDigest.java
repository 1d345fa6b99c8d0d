package io.github.sparkfinetune.spark.run;

import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.hf.Sha256;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * SHA-256 of a model folder. A file beside the folder, {@code model.sha256} for {@code model}, keeps the SHA-256 of
 * each file in the format of {@code sha256sum}, sorted by name:
 *
 * <pre>
 * 0a4d55a8d778e5022fab701977c5d840bbc486d0c1d1dd4f…  model/config.json
 * </pre>
 *
 * <p>{@code sha256sum -c model.sha256} checks the folder, and {@code sha256sum model.sha256} prints the hash.
 *
 * @param hash SHA-256 of the text of the file, in hexadecimal
 * @param bytes length of all files of the folder
 * @param files number of files of the folder
 */
public record ModelDigest(String hash, long bytes, int files) {
    /**
     * Returns the digest of a folder. The first call after a change reads all files and writes the file beside the
     * folder; later calls read that file.
     *
     * @return empty if the folder does not exist or has no files
     */
    public static Optional<ModelDigest> of(Path folder, Configuration hadoop) throws IOException {
        FileSystem system = HadoopFiles.fileSystem(folder, hadoop);
        List<FileStatus> files = list(system, folder);
        Optional<ModelDigest> kept = kept(system, folder, files);
        if (kept.isPresent() || files.isEmpty()) {
            return kept;
        }
        StringBuilder text = new StringBuilder();
        for (FileStatus file : files) {
            text.append(Sha256.line(Sha256.of(system, file.getPath()), name(folder, file)));
        }
        keep(folder, text.toString(), hadoop);
        return Optional.of(of(text.toString(), files));
    }

    /**
     * Writes the file beside a folder.
     *
     * @param text hashes of all files of the folder that were just read
     */
    public static void keep(Path folder, String text, Configuration hadoop) {
        HadoopFiles.writeWhole(
                HadoopFiles.fileSystem(folder, hadoop), sums(folder), text.getBytes(StandardCharsets.UTF_8));
    }

    /** Returns the digest of a folder if the file beside the folder has it; writes nothing. */
    public static Optional<ModelDigest> kept(Path folder, Configuration hadoop) throws IOException {
        FileSystem system = HadoopFiles.fileSystem(folder, hadoop);
        return kept(system, folder, list(system, folder));
    }

    private static Optional<ModelDigest> kept(FileSystem system, Path folder, List<FileStatus> files)
            throws IOException {
        if (files.isEmpty()) {
            return Optional.empty();
        }
        String text;
        try {
            long newest = files.stream()
                    .mapToLong(FileStatus::getModificationTime)
                    .max()
                    .orElseThrow();
            if (system.getFileStatus(sums(folder)).getModificationTime() < newest) {
                return Optional.empty();
            }
            text = HadoopFiles.readText(system, sums(folder));
        } catch (FileNotFoundException e) {
            return Optional.empty();
        }
        String names = files.stream().map(file -> name(folder, file) + "\n").collect(Collectors.joining());
        return text.replaceAll("(?m)^[0-9a-f]{64}  ", "").equals(names)
                ? Optional.of(of(text, files))
                : Optional.empty();
    }

    private static ModelDigest of(String text, List<FileStatus> files) {
        return new ModelDigest(
                Sha256.of(text.getBytes(StandardCharsets.UTF_8)),
                files.stream().mapToLong(FileStatus::getLen).sum(),
                files.size());
    }

    private static Path sums(Path folder) {
        return new Path(folder.getParent(), folder.getName() + ".sha256");
    }

    private static String name(Path folder, FileStatus file) {
        return folder.getName() + "/" + file.getPath().getName();
    }

    /** Returns the files of a model, sorted by name; a model folder has no folders. */
    private static List<FileStatus> list(FileSystem system, Path folder) throws IOException {
        List<FileStatus> files = new ArrayList<>();
        try {
            for (FileStatus file : system.listStatus(folder)) {
                if (file.isFile() && !file.getPath().getName().startsWith(".")) {
                    files.add(file);
                }
            }
        } catch (FileNotFoundException e) {
            return List.of();
        }
        files.sort(Comparator.comparing(file -> file.getPath().getName()));
        return files;
    }

    /** Returns the SHA-256 of a text's UTF-8, in hexadecimal. */
    public static String sha256(String text) {
        return Sha256.of(text.getBytes(StandardCharsets.UTF_8));
    }
}
