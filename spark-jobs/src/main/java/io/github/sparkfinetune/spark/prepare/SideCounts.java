package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.task.SplitKey.Kind;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.spark.prepare.generation.Occurrence;
import io.github.sparkfinetune.spark.shuffle.Shuffles;
import io.github.sparkfinetune.spark.source.RowTime;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceScan;
import io.github.sparkfinetune.spark.source.SplitKeys;
import io.github.sparkfinetune.spark.source.StratumHashes;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import scala.Tuple2;

/**
 * Counts the groups of each split, and the held-out rows whose group is also trained on. Finds the first and last time
 * of each split.
 *
 * @param plan plan of the training rows' split
 */
record SideCounts(TaskData<?> task, DataConfig data, SplitPlan plan, TrainingRows training) {

    /** Counts of a split: rows, groups, rows of groups that are also trained on, first and last place. */
    private record Tally(long rows, long groups, long shared, long first, long last) implements Serializable {
        static final Tally NOTHING = new Tally(0, 0, 0, -1, 0);

        Tally plus(Tally other) {
            return new Tally(
                    rows + other.rows,
                    groups + other.groups,
                    shared + other.shared,
                    Long.compareUnsigned(first, other.first) <= 0 ? first : other.first,
                    Long.compareUnsigned(last, other.last) >= 0 ? last : other.last);
        }

        static Tally ofPlace(long place) {
            return new Tally(1, 0, 0, place, place);
        }
    }

    /**
     * Returns groups and times by split, without splits that have neither.
     *
     * @param scans scans of the sources, training sources first
     */
    Map<String, DatasetSplit.Side> of(List<SourceFiles> sources, List<SourceScan> scans) {
        Optional<String> by = SplitKeys.common(task, data);
        boolean isTime = plan.groups().map(GroupSplit::isOfTimes).orElse(false);
        if (by.isEmpty() && !isTime) {
            return Map.of();
        }
        List<String> splits =
                Occurrence.names(sources.stream().map(SourceFiles::split).toList());
        Map<String, DatasetSplit.Side> sides = new LinkedHashMap<>();
        Tally[] groups = by.isPresent() ? groups(splits, sources, scans) : null;
        Tally[] times = isTime ? times(splits) : null;
        Kind kind = scans.get(0).counts().numbers > 0 ? Kind.NUMBER : Kind.DATE;
        for (int i = 0; i < splits.size(); i++) {
            Tally ofGroups = groups == null ? Tally.NOTHING : groups[i];
            Tally ofTimes = times == null ? Tally.NOTHING : times[i];
            if (ofGroups.rows() > 0 || ofTimes.rows() > 0) {
                boolean timed = ofTimes.rows() > 0;
                sides.put(
                        splits.get(i),
                        new DatasetSplit.Side(
                                Math.max(ofGroups.rows(), ofTimes.rows()),
                                ofGroups.rows() > 0 ? by.get() : null,
                                ofGroups.groups(),
                                ofGroups.shared(),
                                timed ? RowTime.of(ofTimes.first(), kind).toString() : null,
                                timed ? RowTime.of(ofTimes.last(), kind).toString() : null));
            }
        }
        return sides;
    }

    /** Returns a tally per split. */
    private Tally[] groups(List<String> splits, List<SourceFiles> sources, List<SourceScan> scans) {
        long rows = training.count();
        JavaPairRDD<Long, long[]> all = groups(training.hashes(), splits, null);
        for (int i = 0; i < scans.size(); i++) {
            String split = sources.get(i).split();
            if (!split.equals(Manifest.TRAIN)) {
                all = all.union(groups(scans.get(i).hashes(), splits, split));
                rows += scans.get(i).usable();
            }
        }
        int size = splits.size();
        return Shuffles.reduced(all, SourceScan.tasks(rows), SideCounts::add)
                .values()
                .aggregate(nothing(size), SideCounts::addGroup, SideCounts::plus);
    }

    /** @param heldOut split of all rows, or null if the plan decides */
    private JavaPairRDD<Long, long[]> groups(JavaRDD<StratumHashes> hashes, List<String> splits, String heldOut) {
        GroupSplit split = plan.groups().orElse(null);
        List<String> names = new ArrayList<>(splits);
        return hashes.filter(StratumHashes::isKeyed)
                .flatMapToPair(part -> IntStream.range(0, part.size())
                        .filter(row -> heldOut != null || isInSide(split, part, row))
                        .mapToObj(row -> {
                            String side = heldOut != null
                                    ? heldOut
                                    : split == null ? Manifest.TRAIN : split.side(part.places()[row]);
                            long[] counts = new long[names.size()];
                            counts[names.indexOf(side)] = 1;
                            return new Tuple2<>(part.groups()[row], counts);
                        })
                        .iterator());
    }

    /** Returns whether a row is in the split of its group or time: rows without a label are not held out. */
    private static boolean isInSide(GroupSplit split, StratumHashes part, int row) {
        return SplitPlan.isMeasured(part.stratum())
                || split == null
                || split.side(part.places()[row]).equals(Manifest.TRAIN);
    }

    private static long[] add(long[] a, long[] b) {
        long[] sum = new long[a.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = a[i] + b[i];
        }
        return sum;
    }

    private static Tally[] addGroup(Tally[] sum, long[] rows) {
        for (int i = 0; i < rows.length; i++) {
            if (rows[i] > 0) {
                boolean shared = i > 0 && rows[0] > 0;
                sum[i] = sum[i].plus(new Tally(rows[i], 1, shared ? rows[i] : 0, -1, 0));
            }
        }
        return sum;
    }

    private static Tally[] plus(Tally[] a, Tally[] b) {
        for (int i = 0; i < a.length; i++) {
            a[i] = a[i].plus(b[i]);
        }
        return a;
    }

    private static Tally[] nothing(int splits) {
        Tally[] all = new Tally[splits];
        Arrays.fill(all, Tally.NOTHING);
        return all;
    }

    private Tally[] times(List<String> splits) {
        GroupSplit split = plan.groups().orElseThrow();
        List<String> names = new ArrayList<>(splits);
        int size = splits.size();
        return training.hashes()
                .aggregate(
                        nothing(size),
                        (sum, part) -> {
                            for (int row = 0; row < part.size(); row++) {
                                if (isInSide(split, part, row)) {
                                    long place = part.places()[row];
                                    int side = names.indexOf(split.side(place));
                                    sum[side] = sum[side].plus(Tally.ofPlace(place));
                                }
                            }
                            return sum;
                        },
                        SideCounts::plus);
    }
}
