package io.github.sparkfinetune.testing;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/**
 * Cases of a parameterized test whose arguments are the dimensions of a matrix.
 *
 * <p>{@code verify} runs every second of a few cases that cover each value of each dimension; the profile {@code full}
 * runs all cases.
 */
public final class TestMatrix {
    /** Number of cases that are never thinned. */
    private static final int FEW = 3;

    private TestMatrix() {}

    /** Returns whether the profile {@code full} is active. */
    public static boolean isFull() {
        return Boolean.getBoolean("test.full");
    }

    /** Returns the cases that combine each value of a dimension with each value of the other dimensions. */
    public static Stream<Arguments> product(List<?>... dimensions) {
        List<List<Object>> cases = List.of(List.of());
        for (List<?> dimension : dimensions) {
            cases = cases.stream()
                    .flatMap(head -> dimension.stream().map(value -> {
                        List<Object> longer = new ArrayList<>(head);
                        longer.add(value);
                        return longer;
                    }))
                    .toList();
        }
        return cases.stream().map(List::toArray).map(Arguments::of);
    }

    /**
     * Returns every case in the profile {@code full}, else every second case of a subset that covers each value of each
     * dimension, and all of a small subset.
     */
    public static Stream<Arguments> of(Stream<Arguments> all) {
        List<Arguments> cases = all.toList();
        return (isFull() ? cases : thinned(cover(cases))).stream();
    }

    /**
     * Returns every case in the profile {@code full}, else a subset that covers each value of the first dimensions. For
     * matrices whose every value was once the only one that failed.
     *
     * @param dimensions number of the dimensions whose values are covered
     */
    public static Stream<Arguments> covering(Stream<Arguments> all, int dimensions) {
        List<Arguments> cases = all.toList();
        return (isFull() ? cases : cover(cases, dimensions)).stream();
    }

    static <T> List<T> thinned(List<T> cases) {
        return cases.size() <= FEW
                ? cases
                : IntStream.iterate(0, i -> i < cases.size(), i -> i + 2)
                        .mapToObj(cases::get)
                        .toList();
    }

    /**
     * Returns every case in the profile {@code full}, else the first few. For tests that only check that the parts fit
     * together, because another module's tests cover the dimensions.
     */
    public static Stream<Arguments> first(int few, Arguments... all) {
        return Stream.of(all).limit(isFull() ? all.length : few);
    }

    /**
     * Returns a subset of the cases, in their order, that covers each value of each dimension. Repeatedly picks the
     * case with the most missing values; of equal cases the first.
     */
    static List<Arguments> cover(List<Arguments> cases) {
        return cover(cases, Integer.MAX_VALUE);
    }

    private static List<Arguments> cover(List<Arguments> cases, int dimensions) {
        Set<Value> missing = new HashSet<>();
        cases.forEach(arguments -> missing.addAll(values(arguments, dimensions)));
        Set<Arguments> chosen = new HashSet<>();
        while (!missing.isEmpty()) {
            Arguments next = cases.stream()
                    .max(Comparator.comparingLong((Arguments arguments) -> values(arguments, dimensions).stream()
                                    .filter(missing::contains)
                                    .count())
                            .thenComparing(Comparator.comparingInt((Arguments arguments) -> cases.indexOf(arguments))
                                    .reversed()))
                    .orElseThrow();
            values(next, dimensions).forEach(missing::remove);
            chosen.add(next);
        }
        return cases.stream().filter(chosen::contains).toList();
    }

    private static List<Value> values(Arguments arguments, int dimensions) {
        Object[] values = arguments.get();
        List<Value> all = new ArrayList<>();
        for (int dimension = 0; dimension < Math.min(values.length, dimensions); dimension++) {
            all.add(new Value(dimension, values[dimension]));
        }
        return all;
    }

    private record Value(int dimension, Object value) {}
}
