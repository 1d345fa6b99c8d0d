package io.github.sparkfinetune.core.checkpoint;

import io.github.sparkfinetune.data.hf.HadoopFiles;
import io.github.sparkfinetune.data.hf.RangedRead;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out whether the files of a checkpoint are what was written. All bytes are read once, by one rank or in equal
 * shares by several, which then put the checksums of their parts together.
 */
public final class CheckpointCheck {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointCheck.class);

    /** The checksum of a part that the file system itself found damaged. */
    private static final long DAMAGED = -1;

    private final FileSystem fileSystem;
    private final Path folder;
    private final List<Part> parts;

    private record Part(CheckpointFiles.Listed file, RangedRead.Range range) {
        long bytes() {
            return range.to() - range.from();
        }
    }

    CheckpointCheck(FileSystem fileSystem, Path folder, CheckpointFiles files) {
        this.fileSystem = fileSystem;
        this.folder = folder;
        this.parts = new ArrayList<>();
        for (CheckpointFiles.Listed file : files.files()) {
            for (long at = 0; file.checksum() != CheckpointFiles.NONE && at < file.size(); at += RangedRead.REQUEST) {
                long end = Math.min(file.size(), at + RangedRead.REQUEST);
                parts.add(new Part(file, new RangedRead.Range(at, end)));
            }
        }
    }

    /**
     * Reads a share of the bytes.
     *
     * @param share number of the share, in [0, shares)
     * @param progressed called now and then while bytes come; what it throws ends the reading
     * @return what {@link #isSound} needs
     */
    public long[] checksums(int share, int shares, Runnable progressed) {
        List<Part> mine = parts.subList(bound(share, shares), bound(share + 1, shares));
        long[] checksums = new long[mine.size()];
        Map<CheckpointFiles.Listed, List<Integer>> byFile = new LinkedHashMap<>();
        for (int i = 0; i < checksums.length; i++) {
            byFile.computeIfAbsent(mine.get(i).file(), file -> new ArrayList<>())
                    .add(i);
        }
        byFile.forEach((file, numbers) -> {
            long first = mine.get(numbers.get(0)).range().from();
            List<RangedRead.Range> ranges =
                    numbers.stream().map(number -> mine.get(number).range()).toList();
            Path path = new Path(folder, file.name());
            try {
                new RangedRead(fileSystem, path)
                        .read(
                                ranges,
                                (at, bytes) -> {
                                    CRC32C crc = new CRC32C();
                                    crc.update(bytes);
                                    int number = (int) ((at - first) / RangedRead.REQUEST);
                                    checksums[numbers.get(number)] = crc.getValue();
                                },
                                progressed);
            } catch (ChecksumException e) {
                numbers.forEach(number -> checksums[number] = DAMAGED);
            } catch (IOException e) {
                throw HadoopFiles.failed("can't be read", path, e);
            }
        });
        return checksums;
    }

    private int bound(int share, int shares) {
        return (int) ((long) parts.size() * share / shares);
    }

    /**
     * Whether the files are what was written.
     *
     * @param shares the results of {@link #checksums} for all shares, in their order
     */
    public boolean isSound(long[][] shares) {
        long[] checksums = Arrays.stream(shares).flatMapToLong(Arrays::stream).toArray();
        Map<CheckpointFiles.Listed, Crc32cParts> whole = new LinkedHashMap<>();
        for (int i = 0; i < checksums.length; i++) {
            Part part = parts.get(i);
            if (checksums[i] == DAMAGED) {
                return damaged(part.file());
            }
            whole.computeIfAbsent(part.file(), file -> new Crc32cParts()).add(checksums[i], part.bytes());
        }
        return whole.entrySet().stream()
                .allMatch(entry -> entry.getValue().value() == entry.getKey().checksum() || damaged(entry.getKey()));
    }

    private boolean damaged(CheckpointFiles.Listed file) {
        LOG.warn("{} is passed over: {} is damaged, its checksum is not the one that was noted", folder, file.name());
        return false;
    }

    /** Reads all bytes; whether the files are what was written. */
    boolean isSound() {
        return isSound(new long[][] {checksums(0, 1, () -> {})});
    }
}
