package io.github.sparkfinetune.core.checkpoint;

import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.RangedRead;
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
 * Check that a checkpoint's files are unchanged since they were written. All bytes are read once, by one rank or in
 * equal shares by several ranks, which then combine the checksums of their parts.
 */
public final class CheckpointCheck {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointCheck.class);

    /** Checksum of a part that the file system itself reported as damaged. */
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
     * @param share index of the share, in [0, shares)
     * @param progressed called now and then while bytes arrive; its exceptions end the reading
     * @return checksums for {@link #isSound}
     */
    public long[] checksums(int share, int shares, Runnable progressed) {
        List<Part> own = parts.subList(bound(share, shares), bound(share + 1, shares));
        long[] checksums = new long[own.size()];
        Map<CheckpointFiles.Listed, List<Integer>> byFile = new LinkedHashMap<>();
        for (int i = 0; i < checksums.length; i++) {
            byFile.computeIfAbsent(own.get(i).file(), file -> new ArrayList<>()).add(i);
        }
        byFile.forEach((file, indices) -> {
            long first = own.get(indices.get(0)).range().from();
            List<RangedRead.Range> ranges =
                    indices.stream().map(index -> own.get(index).range()).toList();
            Path path = new Path(folder, file.name());
            try {
                new RangedRead(fileSystem, path)
                        .read(
                                ranges,
                                (at, bytes) -> {
                                    CRC32C crc = new CRC32C();
                                    crc.update(bytes);
                                    int request = (int) ((at - first) / RangedRead.REQUEST);
                                    checksums[indices.get(request)] = crc.getValue();
                                },
                                progressed);
            } catch (ChecksumException e) {
                indices.forEach(index -> checksums[index] = DAMAGED);
            } catch (IOException e) {
                throw HadoopFiles.failed("cannot be read", path, e);
            }
        });
        return checksums;
    }

    private int bound(int share, int shares) {
        return (int) ((long) parts.size() * share / shares);
    }

    /**
     * Returns whether the files are unchanged since they were written.
     *
     * @param shares results of {@link #checksums} for all shares, in their order
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
        LOG.warn("{} is skipped: {} is damaged; its checksum differs from the recorded one", folder, file.name());
        return false;
    }

    /** Reads all bytes and returns whether the files are unchanged since they were written. */
    public boolean isSound() {
        return isSound(new long[][] {checksums(0, 1, () -> {})});
    }
}
