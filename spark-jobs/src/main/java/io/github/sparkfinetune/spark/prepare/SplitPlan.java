package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.spark.prepare.SplitSearch.Cut;
import io.github.sparkfinetune.spark.prepare.SplitSearch.Places;
import io.github.sparkfinetune.spark.prepare.SplitSearch.Target;
import io.github.sparkfinetune.spark.source.SourceScan;
import io.github.sparkfinetune.spark.source.StratumHashes;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;

/**
 * Plan of the rows that are held out. It depends only on the rows, not on the partitions of the source. Each row has a
 * place, an unsigned number.
 *
 * <p>For rows without a group, the place is a seeded hash of the content. Exactly round(rows · fraction) rows of every
 * stratum are held out. The rows with the smallest places go to evaluation, the next rows to the test, and at least one
 * row stays in training. Rows that only a teacher labels are not held out; those of a held-out group or time are in no
 * split. If rows with equal content lie on the boundary, the first of them are held out. Rows with a group or a time
 * are split as {@link GroupSplit} describes, in any stratum.
 *
 * <p>In a dataset that grows, a row is held out if its place is in a fixed share of all places: those below 2^64 ·
 * fraction. So the split of a row does not depend on other rows.
 *
 * <p>A stratum is identified by its rank: its index among the strata in the order of their names. The rank also orders
 * rows with equal content.
 */
final class SplitPlan implements Serializable {
    private static final long serialVersionUID = 1L;

    private final List<String> strata;
    private final Map<String, Integer> ranks = new HashMap<>();
    /** Ends of the evaluation rows and of the following test rows, by rank of the stratum; empty with groups. */
    private final List<Cut> evalEnds = new ArrayList<>();

    private final List<Cut> testEnds = new ArrayList<>();
    /** Null if rows have no groups. */
    private final GroupSplit groups;

    private SplitPlan(List<String> strata, GroupSplit groups) {
        this.strata = strata;
        this.groups = groups;
        strata.forEach(stratum -> ranks.put(stratum, ranks.size()));
    }

    /**
     * Computes the plan.
     *
     * @param options options of the dataset
     * @throws io.github.sparkfinetune.conf.error.RunException if there are too few groups for every side to have one
     */
    static SplitPlan of(TrainingRows training, DatasetOptions options) {
        List<String> strata = new ArrayList<>(training.strata().keySet());
        long labelled = training.count() - training.strata().getOrDefault(CleanRow.UNLABELLED, 0L);
        if (labelled > 0 && (options.splitBy() != null || options.splitByTime() != null)) {
            // Nothing is measured of the others, which may all be the newest.
            JavaRDD<StratumHashes> measured = training.hashes().filter(part -> isMeasured(part.stratum()));
            return new SplitPlan(strata, GroupSplit.of(measured, labelled, options));
        }
        SplitPlan plan = new SplitPlan(strata, null);
        List<Target> targets = new ArrayList<>();
        training.strata().forEach((stratum, rows) -> {
            long most = isMeasured(stratum) ? rows - 1 : 0;
            long eval = heldOut(rows, options.evalFraction(), most);
            targets.add(new Target(stratum, eval));
            targets.add(new Target(stratum, eval + heldOut(rows, options.testFraction(), most - eval)));
        });
        long seed = options.seed();
        JavaRDD<Places> places = training.hashes().map(part -> places(part, seed));
        List<Cut> cuts = SplitSearch.cuts(places, targets);
        for (int i = 0; i < cuts.size(); i += 2) {
            plan.evalEnds.add(cuts.get(i));
            plan.testEnds.add(cuts.get(i + 1));
        }
        return plan;
    }

    /**
     * Returns the plan of a generation of a dataset that grows.
     *
     * @param scans scans of all sources
     */
    static SplitPlan fixed(List<SourceScan> scans, DatasetOptions options) {
        SplitPlan plan = new SplitPlan(
                scans.stream()
                        .flatMap(scan -> scan.counts().strata.keySet().stream())
                        .distinct()
                        .sorted()
                        .collect(Collectors.toCollection(ArrayList::new)),
                options.splitBy() == null ? null : GroupSplit.fixed(options));
        double eval = options.evalFraction();
        double both = eval + options.testFraction();
        for (String stratum : plan.strata) {
            plan.evalEnds.add(new Cut(isMeasured(stratum) ? end(eval) : 0, 0, 0));
            plan.testEnds.add(new Cut(isMeasured(stratum) ? end(both) : 0, 0, 0));
        }
        return plan;
    }

    /** Returns the first place behind a share of all places, an unsigned number. */
    static long end(double fraction) {
        // Twice, because a long holds half of the places.
        return (long) Math.scalb(fraction, Long.SIZE - 1) << 1;
    }

    /** Returns the number of rows for a fraction. */
    static long heldOut(long rows, double fraction, long most) {
        return Math.min(Math.round(rows * fraction), most);
    }

    private static Places places(StratumHashes part, long seed) {
        return new Places(
                part.stratum(),
                IntStream.range(0, part.size())
                        .mapToLong(row -> part.place(seed, row))
                        .toArray(),
                new long[0]);
    }

    /** Returns the rank of a stratum, or -1 if no sample is in the stratum. */
    int rank(String stratum) {
        return ranks.getOrDefault(stratum, -1);
    }

    /** Returns whether a row of a rank can be measured: it has a label, or its task has none. */
    boolean isMeasured(int rank) {
        return isMeasured(strata.get(rank));
    }

    static boolean isMeasured(String stratum) {
        return !stratum.equals(CleanRow.UNLABELLED);
    }

    /** Returns the stratum of a rank. */
    String stratum(int rank) {
        return strata.get(rank);
    }

    /** Returns whether a row of the training sources may be held out. */
    boolean mayBeHeldOut(int rank, long place) {
        return groups == null
                ? Long.compareUnsigned(place, testEnds.get(rank).place()) <= 0
                : !groups.side(place).equals(Manifest.TRAIN);
    }

    /** Returns the split of groups or times; empty if rows have neither. */
    Optional<GroupSplit> groups() {
        return Optional.ofNullable(groups);
    }

    /** Opens the splits of the rows of one shard, in order. */
    Sides sides() {
        return new Sides();
    }

    /** Splits of the rows of one shard. Not for concurrent use. */
    final class Sides {
        private final long[] seenAtEvalEnd = new long[strata.size()];
        private final long[] seenAtTestEnd = new long[strata.size()];

        /** Returns the split of the next row. */
        String next(int rank, long place) {
            if (groups != null) {
                return groups.side(place);
            }
            boolean inEval = isBefore(evalEnds.get(rank), place, seenAtEvalEnd, rank);
            boolean inTest = isBefore(testEnds.get(rank), place, seenAtTestEnd, rank);
            return inEval ? Manifest.EVAL : inTest ? Manifest.TEST : Manifest.TRAIN;
        }

        /**
         * Returns whether a row lies before an end. Rows with equal places have equal content and are consecutive: the
         * first rows lie before the end.
         */
        private static boolean isBefore(Cut end, long place, long[] seen, int rank) {
            if (place == end.place()) {
                return seen[rank]++ < end.left();
            }
            return Long.compareUnsigned(place, end.place()) < 0;
        }
    }
}
