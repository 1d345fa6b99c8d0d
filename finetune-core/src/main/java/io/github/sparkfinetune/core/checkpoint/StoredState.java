package io.github.sparkfinetune.core.checkpoint;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.data.hf.RangedRead;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** An optimizer's state in a checkpoint: tensors, whole or in parts, in a file of each rank that wrote some. */
public final class StoredState implements AutoCloseable {
    /** Values of a tensor that one file holds, [from, to). */
    private record Part(SafetensorsFile file, String name, long from, long to) {
        int bytes() {
            return file.info(name).dtype().bytes();
        }
    }

    /** Values of a part that are asked for, [from, to) of the tensor. */
    private record Overlap(Part part, long from, long to) {
        long count() {
            return to - from;
        }

        /** Where they begin among the part's bytes. */
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

    /** State of which no file is known yet. */
    StoredState() {}

    /** Takes a file, which is closed with this. */
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

    /** Names of the tensors, in alphabetical order. */
    public Set<String> names() {
        return new TreeSet<>(parts.keySet());
    }

    /** Whether the files hold all values that are needed. */
    boolean holds(NeededState needed) {
        return needed.values().entrySet().stream()
                .allMatch(entry -> overlaps(entry.getKey(), entry.getValue()).stream()
                                .mapToLong(Overlap::count)
                                .sum()
                        == entry.getValue());
    }

    /** Bytes of a file that hold values that are needed, in the order of the file. */
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
        TensorRange wanted = TensorRange.ofName(name);
        return overlaps(wanted.tensor(), wanted.from(), wanted.from() + count);
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
     * Reads some of a tensor, or of a part of it, whatever parts it was written in.
     *
     * @param name as {@link TensorRange} writes it
     * @param skipped bytes of it that are not read before the first
     * @param target values of the tensor's type, little-endian, filled from its position to its limit, which are the
     *     same afterwards
     * @throws RunException when not all of the values are there
     */
    public void read(String name, long skipped, ByteBuffer target) {
        TensorRange wanted = TensorRange.ofName(name);
        int bytes = parts.getOrDefault(wanted.tensor(), List.of()).stream()
                .mapToInt(Part::bytes)
                .findFirst()
                .orElse(1);
        long missing = target.remaining() / bytes;
        long from = wanted.from() + skipped / bytes;
        for (Overlap overlap : overlaps(wanted.tensor(), from, from + missing)) {
            int at = (int) ((overlap.from() - from) * bytes);
            ByteBuffer values = target.slice(target.position() + at, (int) (overlap.count() * bytes));
            overlap.part().file().read(overlap.part().name(), overlap.offset(), values);
            missing -= overlap.count();
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
