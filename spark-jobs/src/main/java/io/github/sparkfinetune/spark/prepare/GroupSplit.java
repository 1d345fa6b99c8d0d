package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DataFunnel;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.spark.prepare.SplitSearch.Condition;
import io.github.sparkfinetune.spark.prepare.SplitSearch.Cut;
import io.github.sparkfinetune.spark.prepare.SplitSearch.Places;
import io.github.sparkfinetune.spark.prepare.SplitSearch.Target;
import io.github.sparkfinetune.spark.shuffle.Shuffles;
import io.github.sparkfinetune.spark.source.SourceScan;
import io.github.sparkfinetune.spark.source.StratumHashes;
import java.io.Serializable;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;

/**
 * Decides which groups are held out. A group is all rows with the same place: the rows of a user, for example, or of a
 * time.
 *
 * <p>The place of a group is a seeded hash. Groups are held out for evaluation in the order of their places until there
 * are round(rows · fraction) rows. The last group is held out if the number of rows is then nearer to this target. A
 * group with more rows than the target is skipped and stays in training. If all groups have more rows, the smallest
 * group is held out. The test rows are chosen in the same way among the remaining groups.
 *
 * <p>Times are held out from the newest on, first for the test, then for evaluation. No time is skipped, and at least
 * one time is held out.
 *
 * <p>The number of held-out rows therefore differs from the target by at most half a group, unless the groups that are
 * not skipped have fewer rows than the target.
 */
final class GroupSplit implements Serializable {
    private static final long serialVersionUID = 1L;

    private final boolean newest;
    private final String firstSide;
    private final Held first;
    private final String secondSide;
    private final Held second;

    private GroupSplit(boolean newest, String firstSide, Held first, String secondSide, Held second) {
        this.newest = newest;
        this.firstSide = firstSide;
        this.first = first;
        this.secondSide = secondSide;
        this.second = second;
    }

    /**
     * Places of one held-out side, in the order in which places are held out.
     *
     * @param isAny whether the side has places
     * @param end last place of the side
     * @param skipped skipped places before the end
     */
    private record Held(boolean isAny, long end, Set<Long> skipped) implements Serializable {
        static final Held NONE = new Held(false, 0, Set.of());

        boolean contains(long place) {
            return isAny && isBefore(place) && !skipped.contains(place);
        }

        boolean isBefore(long place) {
            return Long.compareUnsigned(place, end) <= 0;
        }
    }

    /** Place and its number of rows. */
    private record Group(long place, long rows) implements Serializable {
        static Group smaller(Group a, Group b) {
            int byRows = Long.compare(a.rows, b.rows);
            return byRows < 0 || (byRows == 0 && Long.compareUnsigned(a.place, b.place) <= 0) ? a : b;
        }
    }

    /**
     * Computes the split.
     *
     * @param hashes hashes of the training rows, with split keys
     * @param rows number of training rows
     * @throws RunException if there are too few groups for every side to have one
     */
    static GroupSplit of(JavaRDD<StratumHashes> hashes, long rows, DatasetOptions options) {
        boolean newest = options.splitByTime() != null;
        JavaRDD<Places> groups = sizes(hashes, rows, newest).persist(StorageLevel.MEMORY_AND_DISK_SER());
        try {
            double firstFraction = newest ? options.testFraction() : options.evalFraction();
            double secondFraction = newest ? options.evalFraction() : options.testFraction();
            long firstRows = SplitPlan.heldOut(rows, firstFraction, rows - 1);
            long secondRows = SplitPlan.heldOut(rows, secondFraction, rows - 1 - firstRows);
            Held first = held(groups, firstRows, newest);
            JavaRDD<Places> rest = groups.map(part -> part.where((place, count) -> !first.contains(place)));
            Held second = held(rest, secondRows, newest);
            JavaRDD<Places> trained = rest.map(part -> part.where((place, count) -> !second.contains(place)));
            if (rows(trained) == 0 || (secondRows > 0 && !second.isAny())) {
                throw tooFew(rows, groups, options);
            }
            return new GroupSplit(
                    newest,
                    newest ? Manifest.TEST : Manifest.EVAL,
                    first,
                    newest ? Manifest.EVAL : Manifest.TEST,
                    second);
        } finally {
            groups.unpersist(false);
        }
    }

    /**
     * Returns a split in which a group is held out if its place is in a fixed share of all places. The split of a group
     * does not depend on other groups.
     */
    static GroupSplit fixed(DatasetOptions options) {
        long eval = SplitPlan.end(options.evalFraction());
        long test = SplitPlan.end(options.evalFraction() + options.testFraction());
        // The last place before an end. Places before the end of the evaluation never reach the test.
        return new GroupSplit(
                false,
                Manifest.EVAL,
                eval == 0 ? Held.NONE : new Held(true, eval - 1, Set.of()),
                Manifest.TEST,
                test == 0 ? Held.NONE : new Held(true, test - 1, Set.of()));
    }

    private static RunException tooFew(long rows, JavaRDD<Places> groups, DatasetOptions options) {
        long count = groups.map(part -> (long) part.places().length).fold(0L, Long::sum);
        boolean time = options.splitByTime() != null;
        return RunException.data(String.format(
                Locale.ROOT,
                "data.%s: the %,d rows to split have %,d different %s, too few to hold some out and"
                        + " train on the rest: %s",
                time ? "split_by_time" : "split_by",
                rows,
                count,
                time ? "times" : DataFunnel.common(options.splitBy()) + (count == 1 ? "" : "s"),
                time
                        ? "use a column with finer times, or leave split_by_time out"
                        : "name other columns, or set it to [] to split row by row"));
    }

    /** Counts the rows of each place. */
    private static JavaRDD<Places> sizes(JavaRDD<StratumHashes> hashes, long rows, boolean newest) {
        JavaPairRDD<Long, Long> ones = hashes.flatMapToPair(part -> IntStream.range(0, part.size())
                .mapToObj(row -> new Tuple2<>(ordered(place(part, row), newest), 1L))
                .iterator());
        return Shuffles.reduced(ones, SourceScan.tasks(rows), Long::sum).mapPartitions(groups -> {
            LongStream.Builder places = LongStream.builder();
            LongStream.Builder counts = LongStream.builder();
            groups.forEachRemaining(group -> {
                places.add(group._1());
                counts.add(group._2());
            });
            return List.of(new Places(
                            "", places.build().toArray(), counts.build().toArray()))
                    .iterator();
        });
    }

    private static long place(StratumHashes part, int row) {
        if (!part.isKeyed()) {
            throw new IllegalStateException("rows that are split by groups have no split key");
        }
        return part.places()[row];
    }

    /** Returns a number that grows in the order in which places are held out: the newest time first. */
    private static long ordered(long place, boolean newest) {
        return newest ? ~place : place;
    }

    private static long rows(JavaRDD<Places> groups) {
        return groups.map(part -> IntStream.range(0, part.places().length)
                        .mapToLong(part::rows)
                        .sum())
                .fold(0L, Long::sum);
    }

    /** @param target number of rows, fewer than the groups have */
    private static Held held(JavaRDD<Places> groups, long target, boolean newest) {
        if (target == 0) {
            return Held.NONE;
        }
        long largest = newest ? Long.MAX_VALUE : target;
        JavaRDD<Places> fitting = groups.map(part -> part.where((place, rows) -> rows <= largest));
        long all = rows(fitting);
        if (all == 0) {
            return smallest(groups);
        }
        Optional<Long> end = all <= target ? Optional.of(-1L) : end(fitting, target);
        return end.map(last -> new Held(true, last, skipped(groups, last, (place, rows) -> rows > largest)))
                .orElse(Held.NONE);
    }

    /**
     * Returns the last place that is held out. A place is held out if the number of rows is then nearer to the target,
     * or if no place is before it.
     */
    private static Optional<Long> end(JavaRDD<Places> groups, long target) {
        Cut cut = SplitSearch.cuts(groups, List.of(new Target("", target))).get(0);
        boolean isIn = cut.left() > 0 && (cut.size() - cut.left() < cut.left() || cut.left() == target);
        // No place is below the smallest place.
        return isIn ? Optional.of(cut.place()) : cut.place() == 0 ? Optional.empty() : Optional.of(cut.place() - 1);
    }

    private static Held smallest(JavaRDD<Places> groups) {
        List<Group> found = groups.flatMap(part -> IntStream.range(0, part.places().length)
                        .mapToObj(i -> new Group(part.places()[i], part.rows(i)))
                        .reduce(Group::smaller)
                        .stream()
                        .iterator())
                .collect();
        Optional<Group> smallest = found.stream().reduce(Group::smaller);
        return smallest.map(group -> new Held(
                        true, group.place(), skipped(groups, group.place(), (place, rows) -> place != group.place())))
                .orElse(Held.NONE);
    }

    /** Returns the skipped places. They are few, because each has more rows than the target. */
    private static Set<Long> skipped(JavaRDD<Places> groups, long last, Condition isSkipped) {
        Held before = new Held(true, last, Set.of());
        return places(groups.map(
                part -> part.where((place, rows) -> isSkipped.holds(place, rows) && before.isBefore(place))));
    }

    private static Set<Long> places(JavaRDD<Places> groups) {
        Set<Long> places = new HashSet<>();
        groups.map(Places::places)
                .collect()
                .forEach(array -> Arrays.stream(array).forEach(places::add));
        return places;
    }

    /** Returns whether places are times, of which the newest are held out. */
    boolean isOfTimes() {
        return newest;
    }

    /** Returns the split of the rows of a place. */
    String side(long place) {
        long ordered = ordered(place, newest);
        return first.contains(ordered) ? firstSide : second.contains(ordered) ? secondSide : Manifest.TRAIN;
    }
}
