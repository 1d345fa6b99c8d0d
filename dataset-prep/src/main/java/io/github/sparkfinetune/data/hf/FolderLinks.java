package io.github.sparkfinetune.data.hf;

import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Symbolic links in a model folder of this machine. A link of a stranger's folder may lead to any file that the run's
 * user can read, and a model that is trained from the folder has copies of its small files.
 */
public final class FolderLinks {
    /** Folders of a Hub cache: {@code models--ORG--NAME/snapshots/COMMIT} has links to files of {@code blobs}. */
    private static final String SNAPSHOTS = "snapshots";

    private static final String BLOBS = "blobs";
    private static final String CACHED = "models--";

    private FolderLinks() {}

    /**
     * Refuses a folder in which a file of a model is a link that leaves the folder.
     *
     * @throws RunException if there is such a link
     */
    static void requireAllInside(Path folder) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(folder)) {
            files = all.filter(
                            file -> ModelFolder.isModelFile(file.getFileName().toString()))
                    .sorted()
                    .toList();
        }
        for (Path file : files) {
            requireInside(file);
        }
    }

    /**
     * Refuses a file of a model folder that is a link to a file outside of the folder. Links into the {@code blobs} of
     * a Hub cache are allowed in its snapshots.
     *
     * @throws RunException if the file is such a link
     */
    public static void requireInside(Path file) throws IOException {
        if (!Files.isSymbolicLink(file)) {
            return;
        }
        try {
            Path target = file.toRealPath();
            Path folder = file.toAbsolutePath().getParent().toRealPath();
            if (!target.startsWith(folder) && !isBlob(folder, target)) {
                throw RunException.data(file + " is a link to " + target
                        + ", outside of the model folder: copy the file into the folder");
            }
        } catch (NoSuchFileException e) {
            // A link to nothing is a missing file.
            return;
        }
    }

    private static boolean isBlob(Path folder, Path target) {
        Path blobs = target.getParent();
        Path model = blobs == null ? null : blobs.getParent();
        return model != null
                && blobs.endsWith(BLOBS)
                && folder.startsWith(model.resolve(SNAPSHOTS))
                && model.getFileName() != null
                && model.getFileName().toString().startsWith(CACHED);
    }
}
