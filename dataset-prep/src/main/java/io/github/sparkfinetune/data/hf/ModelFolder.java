package io.github.sparkfinetune.data.hf;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.LocalDir;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** A model folder in Hugging Face layout on any file system. */
public final class ModelFolder {
    private static final List<String> ENDINGS = List.of(".json", ".safetensors", ".txt", ".model", ".jinja");

    private static final String KEY = "model";
    private static final String REMEDY = "give a model folder in Hugging Face layout";

    /** Hashes of folders that this process has read, by their files. */
    private static final Map<String, String> HASHES = new ConcurrentHashMap<>();

    private ModelFolder() {}

    /**
     * Returns the model folder on this machine. A local folder stays where it is; any other is copied: safetensors,
     * configuration and tokenizer.
     *
     * @param uri Hadoop path of the folder
     * @param localDir folder that gets a subfolder for the copy; the caller deletes the subfolder
     * @throws RunException when there is no such folder, or a file is a link that leaves a local folder
     * @throws UncheckedIOException when it cannot be read
     */
    public static java.nio.file.Path fetch(String uri, Configuration hadoop, java.nio.file.Path localDir) {
        return fetch(KEY, REMEDY, uri, hadoop, localDir);
    }

    /**
     * Returns on this machine a folder that is not the configuration's {@code model}.
     *
     * @param key name of the folder in messages
     * @param remedy remedy for a missing folder, for the message
     */
    public static java.nio.file.Path fetch(
            String key, String remedy, String uri, Configuration hadoop, java.nio.file.Path localDir) {
        Path folder = new Path(uri);
        FileSystem fileSystem = HadoopFiles.fileSystem(folder, hadoop);
        if (HadoopFiles.isLocal(fileSystem)) {
            java.nio.file.Path local = HadoopFiles.local(folder).toAbsolutePath();
            if (!Files.isDirectory(local)) {
                throw missing(key, remedy, uri, null);
            }
            try {
                FolderLinks.requireAllInside(local);
            } catch (IOException e) {
                throw HadoopFiles.failed("cannot be listed", folder, e);
            }
            return local;
        }
        try {
            List<FileStatus> files = modelFiles(fileSystem, folder);
            Files.createDirectories(localDir);
            java.nio.file.Path copy = Files.createTempDirectory(localDir, "model-");
            copy(fileSystem, files, copy);
            return copy;
        } catch (FileNotFoundException e) {
            throw missing(key, remedy, uri, e);
        } catch (IOException e) {
            throw HadoopFiles.failed("cannot be copied to " + localDir, folder, e);
        }
    }

    /**
     * Returns the folder of the configuration's {@code model} on this machine. A local folder stays where it is. Of any
     * other folder all processes of this machine share one copy, as long as one of them uses it.
     *
     * @param uri Hadoop path of the folder
     * @throws RunException when there is no such folder
     * @throws UncheckedIOException when it cannot be read
     */
    public static LocalDir.Held share(String uri, Configuration hadoop, LocalDir localDir) {
        Path folder = new Path(uri);
        FileSystem fileSystem = HadoopFiles.fileSystem(folder, hadoop);
        if (HadoopFiles.isLocal(fileSystem)) {
            return LocalDir.Held.asItIs(fetch(uri, hadoop, null));
        }
        try {
            List<FileStatus> files = modelFiles(fileSystem, folder);
            String name = UUID.nameUUIDFromBytes(seen(files).getBytes(StandardCharsets.UTF_8))
                    .toString();
            return localDir.shared("model-" + name, copy -> copy(fileSystem, files, copy));
        } catch (FileNotFoundException e) {
            throw missing(KEY, REMEDY, uri, e);
        } catch (IOException e) {
            throw HadoopFiles.failed("cannot be listed", folder, e);
        }
    }

    /**
     * Returns the number of bytes that {@link #share} copies to this machine; 0 for a local folder.
     *
     * @throws IOException also when there is no such folder
     */
    public static long bytesToCopy(String uri, Configuration hadoop) throws IOException {
        Path folder = new Path(uri);
        FileSystem fileSystem = HadoopFiles.fileSystem(folder, hadoop);
        return HadoopFiles.isLocal(fileSystem)
                ? 0
                : modelFiles(fileSystem, folder).stream()
                        .mapToLong(FileStatus::getLen)
                        .sum();
    }

    /** Returns whether a file of a model folder is read: safetensors, configuration or tokenizer. */
    public static boolean isModelFile(String name) {
        return ENDINGS.stream().anyMatch(name::endsWith);
    }

    /**
     * Returns the SHA-256 of a local model folder, in hexadecimal: of its weights, {@code config.json} and
     * {@code tokenizer.json}, by name.
     *
     * @param use what the model is used for, a part of the hash
     * @param progressed called from time to time
     */
    public static String sha256(java.nio.file.Path folder, String use, Runnable progressed) throws IOException {
        FileSystem files = FileSystem.getLocal(new Configuration(false)).getRaw();
        return sha256(files, hashed(files, new Path(folder.toUri())), use, progressed);
    }

    /**
     * Returns the {@link #sha256(java.nio.file.Path, String, Runnable) hash} of a model folder on any file system. The
     * files are read again only if they have changed.
     *
     * @param uri Hadoop path of the folder
     */
    public static String sha256(String uri, String use, Configuration hadoop) throws IOException {
        Path folder = new Path(uri);
        FileSystem files = HadoopFiles.fileSystem(folder, hadoop);
        List<FileStatus> hashed = hashed(files, folder);
        String key = use + "\n" + seen(hashed);
        String known = HASHES.get(key);
        if (known == null) {
            known = sha256(files, hashed, use, () -> {});
            HASHES.put(key, known);
        }
        return known;
    }

    private static List<FileStatus> hashed(FileSystem files, Path folder) throws IOException {
        return Arrays.stream(files.listStatus(folder))
                .filter(file -> file.isFile() && isHashed(file.getPath().getName()))
                .sorted(Comparator.comparing(file -> file.getPath().getName()))
                .toList();
    }

    private static String sha256(FileSystem files, List<FileStatus> hashed, String use, Runnable progressed)
            throws IOException {
        MessageDigest digest = Sha256.digest();
        digest.update(use.getBytes(StandardCharsets.UTF_8));
        byte[] bytes = new byte[1 << 20];
        for (FileStatus file : hashed) {
            String head = "\n" + file.getPath().getName() + " " + file.getLen() + "\n";
            digest.update(head.getBytes(StandardCharsets.UTF_8));
            try (InputStream in = files.open(file.getPath())) {
                for (int read = in.read(bytes); read >= 0; read = in.read(bytes)) {
                    digest.update(bytes, 0, read);
                    progressed.run();
                }
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Returns paths, lengths and times of files. A folder whose files have changed is another model. */
    private static String seen(List<FileStatus> files) {
        return files.stream()
                .map(file -> file.getPath() + " " + file.getLen() + " " + file.getModificationTime())
                .sorted()
                .collect(Collectors.joining("\n"));
    }

    private static boolean isHashed(String name) {
        return name.endsWith(".safetensors") || name.equals(HfConfig.FILE) || name.equals("tokenizer.json");
    }

    private static List<FileStatus> modelFiles(FileSystem fileSystem, Path folder) throws IOException {
        return Arrays.stream(fileSystem.listStatus(folder))
                .filter(status ->
                        status.isFile() && isModelFile(status.getPath().getName()))
                .toList();
    }

    private static void copy(FileSystem fileSystem, List<FileStatus> files, java.nio.file.Path to) {
        for (FileStatus file : files) {
            HadoopFiles.copyToLocal(
                    fileSystem, file.getPath(), to.resolve(file.getPath().getName()));
        }
    }

    private static RunException missing(String key, String remedy, String uri, IOException cause) {
        return RunException.data(key + ": there is no folder " + uri + ": " + remedy, cause);
    }
}
