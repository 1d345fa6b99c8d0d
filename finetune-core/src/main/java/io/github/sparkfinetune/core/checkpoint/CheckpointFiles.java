package io.github.sparkfinetune.core.checkpoint;

import java.util.ArrayList;
import java.util.List;

/**
 * Files of a committed checkpoint, as the markers of its ranks list them.
 *
 * @param files files, at least one
 */
public record CheckpointFiles(Checkpoint checkpoint, List<Listed> files) {
    /** Checksum of a file of version 0.1, which recorded no checksums. */
    static final long NONE = -1;

    /**
     * A listed file.
     *
     * @param size size in bytes
     * @param checksum CRC-32C, or {@link #NONE}
     */
    record Listed(String name, long size, long checksum) {}

    public CheckpointFiles {
        files = List.copyOf(files);
        if (files.isEmpty()) {
            throw new IllegalArgumentException(checkpoint + " has no files");
        }
    }

    /** Returns the files of the optimizer's state, in the order of the ranks that wrote them. */
    List<String> optimizer() {
        return files.stream()
                .map(Listed::name)
                .filter(name -> !name.equals(CheckpointFolder.MODEL) && !name.equals(CheckpointFolder.STATE))
                .toList();
    }

    /** Returns a text for {@link #ofText}, with a line for the checkpoint and one for each file. */
    public String toText() {
        StringBuilder text = new StringBuilder(checkpoint.name());
        files.forEach(file -> text.append('\n')
                .append(file.size())
                .append(' ')
                .append(file.checksum())
                .append(' ')
                .append(file.name()));
        return text.toString();
    }

    /** Parses a text of {@link #toText}. */
    public static CheckpointFiles ofText(String text) {
        List<String> lines = text.lines().toList();
        List<Listed> files = new ArrayList<>();
        for (String line : lines.subList(1, lines.size())) {
            String[] fields = line.split(" ", 3);
            files.add(new Listed(fields[2], Long.parseLong(fields[0]), Long.parseLong(fields[1])));
        }
        return new CheckpointFiles(Checkpoint.ofName(lines.get(0)).orElseThrow(), files);
    }
}
