package io.github.sparkfinetune.core.checkpoint;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.data.files.RangedRead;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * An optimizer's state, and shares of trained parameters, in a checkpoint: tensors, whole or in parts, in one file for
 * each rank that wrote a share.
 */
public final class StoredState implements AutoCloseable {
    /** Values [from, to) of a tensor in one file. */
    private record Part(SafetensorsFile file, String name, long from, long to) {
        int bytes() {
            return file.info(name).dtype().bytes();
        }
    }

    /** Requested values of a part, [from, to) of the tensor. */
    private record Overlap(Part part, long from, long to) {
        long count() {
            return to - from;
        }

        /** Returns the values' offset in the part's bytes. */
        long offset() {
            return (from - part.from()) * part.bytes();
        }

        RangedRead.Range range() {
            long begin = part.file().localPlace(part.name()).orElseThrow().begin() + offset();
            return new RangedRead.Range(begin, begin + count() * part.bytes());
        }
    }

    private final List<SafetensorsFile> files = new ArrayList<>();
    private final Map<String, List<Part>> parts = new HashMap<>();

    /** Creates a state without files. */
    StoredState() {}

    /** Adds a file, which this state closes. */
    void add(SafetensorsFile file) {
        files.add(file);
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

    /** Returns the names of the tensors, in alphabetical order. */
    public Set<String> names() {
        return new TreeSet<>(parts.keySet());
    }

    /** Returns whether the files hold all needed values. */
    boolean holds(NeededState needed) {
        return needed.values().entrySet().stream()
                .allMatch(entry -> overlaps(entry.getKey(), entry.getValue()).stream()
                                .mapToLong(Overlap::count)
                                .sum()
                        == entry.getValue());
    }

    /** Returns the byte ranges of a file that hold needed values, in the order of the file. */
    List<RangedRead.Range> ranges(SafetensorsFile file, NeededState needed) {
        List<RangedRead.Range> joined = new ArrayList<>();
        needed.values().entrySet().stream()
                .flatMap(entry -> overlaps(entry.getKey(), entry.getValue()).stream())
                .filter(overlap -> overlap.part().file() == file)
                .map(Overlap::range)
                .sorted(Comparator.comparingLong(RangedRead.Range::from))
                .forEach(range -> {
                    int last = joined.size() - 1;
                    if (last >= 0 && joined.get(last).to() == range.from()) {
                        joined.set(last, new RangedRead.Range(joined.get(last).from(), range.to()));
                    } else {
                        joined.add(range);
                    }
                });
        return joined;
    }

    private List<Overlap> overlaps(String name, long count) {
        TensorRange requested = TensorRange.ofName(name);
        return overlaps(requested.tensor(), requested.from(), requested.from() + count);
    }

    private List<Overlap> overlaps(String tensor, long begin, long end) {
        List<Overlap> overlaps = new ArrayList<>();
        for (Part part : parts.getOrDefault(tensor, List.of())) {
            long from = Math.max(begin, part.from());
            long to = Math.min(end, part.to());
            if (from < to) {
                overlaps.add(new Overlap(part, from, to));
            }
        }
        return overlaps;
    }

    /**
     * Reads values of a tensor or of a range of it, in whatever parts they were written.
     *
     * @param name name as in {@link TensorRange}
     * @param skipped bytes that are skipped at the start
     * @param target values of the tensor's type, little-endian, from the buffer's position to its limit, which do not
     *     move
     * @throws RunException if some of the values are missing
     */
    public void read(String name, long skipped, ByteBuffer target) {
        TensorRange requested = TensorRange.ofName(name);
        int bytes = parts.getOrDefault(requested.tensor(), List.of()).stream()
                .mapToInt(Part::bytes)
                .findFirst()
                .orElse(1);
        long missing = target.remaining() / bytes;
        long from = requested.from() + skipped / bytes;
        for (Overlap overlap : overlaps(requested.tensor(), from, from + missing)) {
            int at = (int) ((overlap.from() - from) * bytes);
            ByteBuffer values = target.slice(target.position() + at, (int) (overlap.count() * bytes));
            overlap.part().file().read(overlap.part().name(), overlap.offset(), values);
            missing -= overlap.count();
        }
        if (missing != 0) {
            throw RunException.data("the checkpoint does not hold " + requested.name()
                    + " once and completely: train into a new output.dir");
        }
    }

    @Override
    public void close() {
        files.forEach(SafetensorsFile::close);
    }
}
