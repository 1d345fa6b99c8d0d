package io.github.sparkfinetune.core.model.weight;

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
 * Read-only values made from a model's files, once for all ranks of a process. The first caller makes a value, and the
 * other callers wait. A value is closed with the last manager that uses it.
 */
final class SharedWeights {
    private static final Map<Key, Shared> SHARED = new ConcurrentHashMap<>();

    /** Identity of a file's values; a replaced file has another key. */
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
                throw new UncheckedIOException(place.file() + " cannot be read: " + e.getMessage(), e);
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
     * Returns the values at a position of a file, in a form. Values of the same form always have the same type.
     *
     * @param user manager of the user; the values exist until it is closed
     * @param place position in a file, or empty if the values have no file or are not for the CPU; such values belong
     *     to the user
     * @param form name of the form
     * @param make makes the values; tensors belong to its argument
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

    /** Returns the number of shared values, for tests. */
    static int count() {
        return SHARED.size();
    }
}
