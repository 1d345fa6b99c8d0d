package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.task.RowKey;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.spark.prepare.generation.Occurrence;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Files of all splits in a hash range, while their samples are written. */
final class OpenShards {
    private final ShardWriter.Target target;
    private final int shard;
    private final TaskData<?> task;
    private final List<String> labels;
    private final List<String> names;
    private final ShardWriter.CheckedIds checkedIds;
    /** Null for a split without rows. */
    private final OpenShard[] open;
    /** Written rows of the current content, by split. */
    private final long[] sameContent;

    private byte[] content;
    private boolean isFinished;

    /**
     * @param shard number of the hash range
     * @param names names of the splits, the training split first
     */
    OpenShards(
            ShardWriter.Target target,
            int shard,
            TaskData<?> task,
            List<String> labels,
            List<String> names,
            ShardWriter.CheckedIds checkedIds) {
        this.target = target;
        this.shard = shard;
        this.task = task;
        this.labels = labels;
        this.names = names;
        this.checkedIds = checkedIds;
        this.open = new OpenShard[names.size()];
        this.sameContent = new long[names.size()];
    }

    /** Returns the file of a split. */
    OpenShard of(int split) {
        if (open[split] == null) {
            open[split] = new OpenShard(
                    target,
                    names.get(split),
                    shard,
                    task,
                    labels,
                    split == 0 ? task.schema() : task.heldOutSchema(),
                    checkedIds);
        }
        return open[split];
    }

    /** Begins the content of a row, if the row before has another one. */
    void beginContent(byte[] key) {
        if (content != null && !RowKey.sameContent(content, key)) {
            countLeaked();
        }
        content = key;
    }

    /** Counts the held-out rows of the current content if it is also trained on. */
    private void countLeaked() {
        for (int split = 1; split < open.length && sameContent[0] > 0; split++) {
            if (sameContent[split] > 0) {
                open[split].countLeaked(sameContent[split], RowKey.second(content));
            }
        }
        Arrays.fill(sameContent, 0);
    }

    /** Counts a written row. An earlier generation may hold its content out, or train on it. */
    void countRow(int split, byte[] key) {
        of(split).countRow();
        sameContent[split]++;
        int before = Occurrence.splits(key);
        for (int other = 0; other < open.length; other++) {
            boolean isLeak = (split == 0) != (other == 0) && (before & 1 << other) != 0;
            if (isLeak) {
                of(Math.max(split, other)).countLeaked(1, RowKey.second(key));
            }
        }
    }

    /** Finishes all files. */
    List<WrittenSplit.Report> finish() throws IOException {
        if (content != null) {
            countLeaked();
        }
        List<WrittenSplit.Report> reports = new ArrayList<>();
        for (OpenShard file : open) {
            if (file != null) {
                reports.add(file.finish());
            }
        }
        isFinished = true;
        return reports;
    }

    /** Deletes the files of a failed attempt. */
    void discardUnfinished() {
        for (OpenShard file : open) {
            if (file != null && !isFinished) {
                file.discard();
            }
        }
    }
}
