package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.data.tokenizer.Offline;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Settings that DJL reads when its first class loads, in the driver and in every executor. */
public final class DjlSettings {
    private static final String CACHE = "DJL_CACHE_DIR";
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

    private DjlSettings() {}

    /**
     * Keeps DJL from sending telemetry and from downloading. If the user's home is not writable, DJL gets a temporary
     * folder of this machine for its native libraries.
     */
    public static void apply() {
        Offline.ensure();
        boolean chosen = System.getenv(CACHE) != null || System.getProperty(CACHE) != null;
        if (!chosen && !Files.isWritable(Path.of(System.getProperty("user.home", "?")))) {
            System.setProperty(
                    CACHE,
                    ownFolder(Path.of(System.getProperty("java.io.tmpdir"))).toString());
        }
    }

    /**
     * Returns a folder that only this user can enter. DJL runs the libraries that it finds in its cache. A folder that
     * another user may have filled is therefore not used, and a new folder is created instead.
     *
     * @param temporary folder that other users may write to
     */
    static Path ownFolder(Path temporary) {
        Path folder = temporary.resolve(
                "spark-finetune-" + System.getProperty("user.name", "").replaceAll("\\W", "_"));
        try {
            Path fresh = Files.createTempDirectory(
                    temporary, "spark-finetune-", PosixFilePermissions.asFileAttribute(OWNER_ONLY));
            try {
                Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
            } catch (FileAlreadyExistsException e) {
                if (!isLike(folder, fresh)) {
                    return fresh;
                }
            }
            Files.delete(fresh);
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(
                    temporary + " has no room for native libraries (" + e + "): set " + CACHE + " to a folder that has",
                    e);
        }
    }

    private static boolean isLike(Path folder, Path fresh) throws IOException {
        PosixFileAttributes there = Files.readAttributes(folder, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        return there.isDirectory()
                && there.owner().equals(Files.getOwner(fresh))
                && there.permissions().equals(OWNER_ONLY);
    }
}
