package io.github.sparkfinetune.data.hub;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * What the cache has of one model: contents in {@code blobs} under their etags, {@code snapshots/COMMIT} with a link a
 * file, {@code refs} with the commits that branches and tags stood for.
 */
final class HubCache {
    private final Path folder;
    private final Path locks;
    private final boolean commitsAlone;

    HubCache(Path cache, HubName name) {
        this.folder = name.folder(cache);
        this.locks = cache.resolve(".locks").resolve(name.folderName());
        this.commitsAlone = name.isCommit();
    }

    /** How a content comes. */
    interface Content {
        /** Adds to a partial file what it lacks. */
        void to(Path partial) throws IOException;
    }

    /** The folder of a commit, whether it is there or not. */
    Path snapshot(String commit) {
        return folder.resolve("snapshots").resolve(commit);
    }

    /** The commit that a revision stood for when it was fetched last. */
    Optional<String> commit(String revision) {
        if (commitsAlone) {
            return Optional.of(revision);
        }
        Path ref = folder.resolve("refs").resolve(revision);
        try {
            return Files.isRegularFile(ref) ? Optional.of(Files.readString(ref).strip()) : Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Keeps which commit a revision stands for, once its files are there. */
    void remember(String revision, String commit) throws IOException {
        if (!commitsAlone) {
            Path ref = folder.resolve("refs").resolve(revision);
            Files.createDirectories(ref.getParent());
            Path fresh = Files.createTempFile(ref.getParent(), ".ref-", null);
            Files.writeString(fresh, commit);
            Files.move(fresh, ref, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** Puts a file into a commit's folder; its content is fetched if no other commit has it. */
    void keep(HubFile file, String commit, Content content) throws IOException {
        // A process's file locks are the process's, not the thread's.
        synchronized (HubCache.class) {
            keepAlone(file, commit, content);
        }
    }

    private void keepAlone(HubFile file, String commit, Content content) throws IOException {
        Path blob = folder.resolve("blobs").resolve(file.etag());
        Files.createDirectories(blob.getParent());
        Files.createDirectories(locks);
        // Between processes of ours; Python's locks are of another kind, so partial files have a name of their own.
        try (FileChannel channel = FileChannel.open(
                locks.resolve(file.etag() + ".spark-finetune.lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE)) {
            // As long as another process fetches the same file, which has deadlines; given back with the channel.
            channel.lock();
            if (!Files.exists(blob)) {
                Path partial = blob.resolveSibling(file.etag() + ".spark-finetune.incomplete");
                content.to(partial);
                Files.move(partial, blob, StandardCopyOption.ATOMIC_MOVE);
            }
            Path link = snapshot(commit).resolve(file.name());
            Files.createDirectories(link.getParent());
            if (!Files.exists(link)) {
                Files.deleteIfExists(link);
                Files.createSymbolicLink(link, link.getParent().relativize(blob));
            }
        }
    }
}
