package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.checkpoint.CheckpointCheck;
import io.github.sparkfinetune.core.checkpoint.CheckpointFiles;
import io.github.sparkfinetune.core.checkpoint.CheckpointStore;
import io.github.sparkfinetune.core.collective.Collective;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Search for the checkpoint to resume from: the newest checkpoint with undamaged files. The ranks read the files
 * together, each an equal share.
 */
final class SoundCheckpoint {
    private final CheckpointStore store;
    private final RankContext rank;
    private final Collective collective;

    SoundCheckpoint(CheckpointStore store, RankContext rank) {
        this.store = store;
        this.rank = rank;
        this.collective = rank.collective();
    }

    /**
     * Returns the newest undamaged checkpoint, equal on all ranks.
     *
     * @param newest newest committed checkpoint, tried first; older checkpoints follow
     */
    Optional<CheckpointFiles> find(Checkpoint newest) {
        for (CheckpointFiles files : candidates(newest)) {
            if (isSound(files)) {
                return Optional.of(files);
            }
        }
        return Optional.empty();
    }

    /** Returns rank 0's candidates, because ranks that list the folder at different times may see different files. */
    private List<CheckpointFiles> candidates(Checkpoint newest) {
        String mine = collective.rank() > 0
                ? ""
                : String.join(
                        "\n\n",
                        store.from(newest).stream().map(CheckpointFiles::toText).toList());
        String first =
                new String(collective.allGather(mine.getBytes(StandardCharsets.UTF_8))[0], StandardCharsets.UTF_8);
        List<CheckpointFiles> candidates = new ArrayList<>();
        for (String text : first.split("\n\n", -1)) {
            if (!text.isEmpty()) {
                candidates.add(CheckpointFiles.ofText(text));
            }
        }
        return candidates;
    }

    private boolean isSound(CheckpointFiles files) {
        CheckpointCheck check = store.check(files);
        long[] mine = check.checksums(collective.rank(), collective.size(), rank::progressed);
        ByteBuffer message = ByteBuffer.allocate(mine.length * Long.BYTES);
        message.asLongBuffer().put(mine);
        return check.isSound(Arrays.stream(collective.allGather(message.array()))
                .map(SoundCheckpoint::longs)
                .toArray(long[][]::new));
    }

    private static long[] longs(byte[] bytes) {
        long[] values = new long[bytes.length / Long.BYTES];
        ByteBuffer.wrap(bytes).asLongBuffer().get(values);
        return values;
    }
}
