package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.safetensors.FilePlace;
import io.github.sparkfinetune.core.tensor.Torch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * What is made of a model's files and never written, once for all ranks of a process: the first that asks for it makes
 * it, the others wait, and it is closed with the last manager that it was given to.
 */
final class SharedWeights {
    private static final Map<Key, Shared> SHARED = new ConcurrentHashMap<>();

    /** Values of a file as it is now; one that has been replaced since is another. */
    private record Key(Path file, Object inode, long size, FileTime modified, long begin, String form) {
        static Key of(FilePlace place, String form) {
            try {
                BasicFileAttributes file = Files.readAttributes(place.file(), BasicFileAttributes.class);
                return new Key(
                        place.file().toAbsolutePath().normalize(),
                        file.fileKey() == null ? "" : file.fileKey(),
                        file.size(),
                        file.lastModifiedTime(),
                        place.begin(),
                        form);
            } catch (IOException e) {
                throw new UncheckedIOException(place.file() + " can't be read: " + e.getMessage(), e);
            }
        }
    }

    private record Shared(Object value, NDManager owner, int users) {
        Shared of(int others) {
            return new Shared(value, owner, others);
        }
    }

    private SharedWeights() {}

    /**
     * The values at a place in a form; in the same form they are always of the same type.
     *
     * @param user until it is closed they are there
     * @param place empty where they are of no file, or not for the CPU: then they are the user's own
     * @param form what is made of them
     * @param make makes them; tensors belong to the manager that it gets
     */
    static <T> T get(NDManager user, Optional<FilePlace> place, String form, Function<NDManager, T> make) {
        return place.map(there -> get(user, Key.of(there, form), make)).orElseGet(() -> make.apply(user));
    }

    @SuppressWarnings("unchecked")
    private static <T> T get(NDManager user, Key key, Function<NDManager, T> make) {
        Shared shared = SHARED.compute(key, (same, there) -> there == null ? made(make) : there.of(there.users() + 1));
        user.attachInternal(UUID.randomUUID().toString(), () -> release(key));
        return (T) shared.value();
    }

    private static Shared made(Function<NDManager, ?> make) {
        NDManager owner = Torch.manager(-1);
        try {
            return new Shared(make.apply(owner), owner, 1);
        } catch (RuntimeException e) {
            owner.close();
            throw e;
        }
    }

    private static void release(Key key) {
        SHARED.computeIfPresent(key, (same, there) -> {
            if (there.users() > 1) {
                return there.of(there.users() - 1);
            }
            there.owner().close();
            return null;
        });
    }

    /** How many there are, for tests. */
    static int count() {
        return SHARED.size();
    }
}
