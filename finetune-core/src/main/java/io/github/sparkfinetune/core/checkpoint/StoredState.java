package io.github.sparkfinetune.core.checkpoint;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** An optimizer's state in a checkpoint: tensors, whole or in parts, in a file of each rank that wrote some. */
public final class StoredState implements AutoCloseable {
    /** Values of a tensor that one file holds, [from, to). */
    private record Part(SafetensorsFile file, String name, long from, long to) {}

    private final List<SafetensorsFile> files;
    private final Map<String, List<Part>> parts = new HashMap<>();

    StoredState(List<SafetensorsFile> files) {
        this.files = List.copyOf(files);
        for (SafetensorsFile file : files) {
            for (String name : file.names()) {
                TensorRange range = TensorRange.ofName(name);
                long end = range.from() + file.info(name).count();
                if (range.to() != TensorRange.ALL && range.to() != end) {
                    throw RunException.data(file.fileOf(name) + ": tensor " + name + " holds "
                            + file.info(name).count() + " values: delete the checkpoint");
                }
                parts.computeIfAbsent(range.tensor(), first -> new ArrayList<>())
                        .add(new Part(file, name, range.from(), end));
            }
        }
    }

    /** Names of the tensors, in alphabetical order. */
    public Set<String> names() {
        return new TreeSet<>(parts.keySet());
    }

    /**
     * Reads a tensor, or a part of it, whatever parts it was written in.
     *
     * @param name as {@link TensorRange} writes it
     * @param target values of the tensor's type, little-endian, filled from its position to its limit, which are the
     *     same afterwards
     * @throws RunException when not all of the values are there
     */
    public void read(String name, ByteBuffer target) {
        TensorRange wanted = TensorRange.ofName(name);
        List<Part> stored = parts.getOrDefault(wanted.tensor(), List.of());
        int bytes = stored.stream()
                .mapToInt(part -> part.file().info(part.name()).dtype().bytes())
                .findFirst()
                .orElse(1);
        long from = wanted.from();
        long to = from + target.remaining() / bytes;
        long missing = to - from;
        for (Part part : stored) {
            long begin = Math.max(from, part.from());
            long end = Math.min(to, part.to());
            if (begin < end) {
                int at = (int) ((begin - from) * bytes);
                int length = (int) ((end - begin) * bytes);
                ByteBuffer values = target.slice(target.position() + at, length);
                part.file().read(part.name(), (begin - part.from()) * bytes, values);
                missing -= end - begin;
            }
        }
        if (missing != 0) {
            throw RunException.data("the checkpoint's state of the optimizer does not hold " + wanted.name()
                    + " once and whole: train into a new output.dir");
        }
    }

    @Override
    public void close() {
        files.forEach(SafetensorsFile::close);
    }
}
