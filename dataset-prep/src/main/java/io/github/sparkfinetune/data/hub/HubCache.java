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
 * Cached files of one model: contents in {@code blobs} under their etags, a link for each file in
 * {@code snapshots/COMMIT}, and the commits of branches and tags in {@code refs}.
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

    /** Source of a file's content. */
    interface Content {
        /** Appends the missing bytes to a partial file. */
        void to(Path partial) throws IOException;
    }

    /** Returns the folder of a commit, which need not exist. */
    Path snapshot(String commit) {
        return folder.resolve("snapshots").resolve(commit);
    }

    /** Returns the commit of a revision when it was last fetched. */
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

    /** Records the commit of a revision, once its files are present. */
    void remember(String revision, String commit) throws IOException {
        if (!commitsAlone) {
            Path ref = folder.resolve("refs").resolve(revision);
            Files.createDirectories(ref.getParent());
            Path fresh = Files.createTempFile(ref.getParent(), ".ref-", null);
            Files.writeString(fresh, commit);
            Files.move(fresh, ref, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** Adds a file to a commit's folder; its content is fetched unless another commit has it. */
    void keep(HubFile file, String commit, Content content) throws IOException {
        // A file lock belongs to the process, not to the thread.
        synchronized (HubCache.class) {
            keepAlone(file, commit, content);
        }
    }

    private void keepAlone(HubFile file, String commit, Content content) throws IOException {
        Path blob = folder.resolve("blobs").resolve(file.etag());
        Files.createDirectories(blob.getParent());
        Files.createDirectories(locks);
        // Excludes other processes of this project. Python's locks are of another kind, so partial files have another
        // name.
        try (FileChannel channel = FileChannel.open(
                locks.resolve(file.etag() + ".spark-finetune.lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE)) {
            // Waits while another process fetches the same file, which has deadlines. Closing the channel releases the
            // lock.
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
