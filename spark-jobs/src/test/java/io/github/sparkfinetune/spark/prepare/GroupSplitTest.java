package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.spark.source.StratumHashes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares {@link GroupSplit} with a plain walk over sorted groups. */
class GroupSplitTest {
    private static SparkSession spark;

    @BeforeAll
    static void open() {
        spark = PrepareFixture.spark(2);
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private static DatasetOptions options(double eval, double test, boolean time) {
        return options(eval, test, time ? null : "[user]", time ? "day" : null);
    }

    static DatasetOptions options(double eval, double test, String by, String byTime) {
        return DatasetOptions.ofTexts(32, 1000, false, "cafe", 1, 42)
                .withColumns("text", null, "label")
                .withSplit(eval, test, by, byTime);
    }

    /** @param sizes number of rows by place */
    private static GroupSplit split(Map<Long, Integer> sizes, DatasetOptions options, long seed) {
        List<Long> rows = new ArrayList<>();
        sizes.forEach((place, size) -> {
            for (int i = 0; i < size; i++) {
                rows.add(place);
            }
        });
        Collections.shuffle(rows, new Random(seed));
        List<StratumHashes> parts = new ArrayList<>();
        for (int from = 0; from < rows.size(); from += 7) {
            long[] places = rows.subList(from, Math.min(rows.size(), from + 7)).stream()
                    .mapToLong(Long::longValue)
                    .toArray();
            parts.add(new StratumHashes("label " + from % 2, places, places, places, places));
        }
        return GroupSplit.of(
                JavaSparkContext.fromSparkContext(spark.sparkContext()).parallelize(parts, 3), rows.size(), options);
    }

    /** Returns the number of rows of each side. */
    private static Map<String, Integer> sides(Map<Long, Integer> sizes, DatasetOptions options) {
        GroupSplit split = split(sizes, options, 1);
        Map<String, Integer> sides = new TreeMap<>();
        sizes.forEach((place, size) -> sides.merge(split.side(place), size, Integer::sum));
        return sides;
    }

    private static Map<Long, Integer> sizes(int... rows) {
        Map<Long, Integer> sizes = new LinkedHashMap<>();
        for (int i = 0; i < rows.length; i++) {
            sizes.put(100L * i, rows[i]);
        }
        return sizes;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void equalsAPlainWalkOverSortedGroups(long seed) {
        Random random = new Random(seed);
        Map<Long, Integer> sizes = new HashMap<>();
        int groups = 40 + random.nextInt(60);
        for (int i = 0; i < groups; i++) {
            sizes.put(random.nextLong(), 1 + random.nextInt(random.nextInt(8) == 0 ? 80 : 12));
        }
        for (boolean time : new boolean[] {false, true}) {
            DatasetOptions options = options(0.1, 0.15, time);
            GroupSplit split = split(sizes, options, seed);
            Map<Long, String> expected = walk(sizes, options);
            sizes.keySet().forEach(place -> assertThat(split.side(place)).isEqualTo(expected.get(place)));
        }
    }

    /** Splits by a walk over sorted groups. */
    private static Map<Long, String> walk(Map<Long, Integer> sizes, DatasetOptions options) {
        boolean time = options.splitByTime() != null;
        Comparator<Long> order = time ? (a, b) -> Long.compareUnsigned(b, a) : Long::compareUnsigned;
        List<Long> left = new ArrayList<>(sizes.keySet().stream().sorted(order).toList());
        int rows = sizes.values().stream().mapToInt(Integer::intValue).sum();
        Map<Long, String> sides = new HashMap<>();
        sizes.keySet().forEach(place -> sides.put(place, "train"));
        for (String side : time ? List.of("test", "eval") : List.of("eval", "test")) {
            long target = Math.round(rows * (side.equals("eval") ? options.evalFraction() : options.testFraction()));
            long held = 0;
            for (long place : List.copyOf(left)) {
                int size = sizes.get(place);
                if (!time && size > target) {
                    continue;
                }
                boolean nearer = Math.abs(held + size - target) < Math.abs(held - target);
                if (held >= target || !(nearer || held == 0)) {
                    break;
                }
                held += size;
                sides.put(place, side);
                left.remove(place);
            }
        }
        return sides;
    }

    @Test
    void splitsGroupsOfOneRowExactly() {
        Map<Long, Integer> sizes = new HashMap<>();
        Random random = new Random(7);
        for (int i = 0; i < 503; i++) {
            sizes.put(random.nextLong(), 1);
        }
        assertThat(sides(sizes, options(0.1, 0.2, false))).isEqualTo(Map.of("eval", 50, "test", 101, "train", 352));
    }

    @Test
    void keepsAGroupLargerThanTheShareInTraining() {
        assertThat(sides(sizes(60, 4, 30, 6, 5, 15), options(0.1, 0, false)))
                .isEqualTo(Map.of("eval", 10, "train", 110));
    }

    @Test
    void holdsOutTheSmallestGroupIfAllAreLarger() {
        Map<Long, Integer> sizes = sizes(40, 30, 31, 32);
        GroupSplit split = split(sizes, options(0.1, 0.1, false), 3);
        assertThat(split.side(100)).isEqualTo("eval");
        assertThat(split.side(200)).isEqualTo("test");
        assertThat(split.side(0)).isEqualTo("train");
        assertThat(split.side(300)).isEqualTo("train");
    }

    @Test
    void holdsOutTheNewestTimesForTestThenEvaluation() {
        Map<Long, Integer> sizes = sizes(10, 10, 10, 10, 10, 10, 10, 10, 10, 10);
        GroupSplit split = split(sizes, options(0.2, 0.1, true), 3);
        assertThat(sizes.keySet().stream().map(split::side))
                .containsExactly("train", "train", "train", "train", "train", "train", "train", "eval", "eval", "test");
    }

    @Test
    void holdsOutATimeOfManyRowsWhole() {
        assertThat(sides(sizes(10, 10, 80), options(0, 0.1, true))).isEqualTo(Map.of("test", 80, "train", 20));
    }

    @Test
    void refusesTooFewGroups() {
        assertRefused(
                sizes(50),
                options(0.1, 0, false),
                "data.split_by: the 50 rows to split have 1 different user, too few to hold some out and train"
                        + " on the rest: name other columns, or set it to [] to split row by row");
        assertRefused(
                sizes(25, 25),
                options(0.1, 0.1, true),
                "data.split_by_time: the 50 rows to split have 2 different times, too few to hold some out and train on"
                        + " the rest: use a column with finer times, or leave split_by_time out");
    }

    private static void assertRefused(Map<Long, Integer> sizes, DatasetOptions options, String message) {
        assertThatThrownBy(() -> split(sizes, options, 1))
                .isInstanceOf(RunException.class)
                .hasMessage(message);
    }
}
