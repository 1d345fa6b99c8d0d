package io.github.sparkfinetune.spark.prepare;

import java.io.Serializable;
import java.util.List;

/**
 * What the writers know of labels: by id, where its held-out rows end; and its rank by name, which orders rows of equal
 * content (ids may be ordered by number).
 */
final class LabelPlan implements Serializable {
    private static final long serialVersionUID = 1L;

    private final Labels labels;
    private final SplitPlan.Boundary[] evalEnd;
    private final SplitPlan.Boundary[] testEnd;
    private final int[] rankOfId;
    private final int[] idOfRank;

    LabelPlan(Labels labels, SplitPlan split) {
        this.labels = labels;
        List<String> names = labels.names();
        evalEnd = names.stream().map(split::evalEnd).toArray(SplitPlan.Boundary[]::new);
        testEnd = names.stream().map(split::testEnd).toArray(SplitPlan.Boundary[]::new);
        List<String> byName = names.stream().sorted().toList();
        idOfRank = byName.stream().mapToInt(labels::id).toArray();
        rankOfId = names.stream().mapToInt(byName::indexOf).toArray();
    }

    int size() {
        return rankOfId.length;
    }

    /** Rank of a label, or -1 where no usable row has it. */
    int rank(String label) {
        int id = labels.id(label);
        return id < 0 ? -1 : rankOfId[id];
    }

    int idOfRank(int rank) {
        return idOfRank[rank];
    }

    SplitPlan.Boundary evalEnd(int id) {
        return evalEnd[id];
    }

    SplitPlan.Boundary testEnd(int id) {
        return testEnd[id];
    }
}
