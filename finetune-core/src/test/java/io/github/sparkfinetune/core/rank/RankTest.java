package io.github.sparkfinetune.core.rank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Ranks and nearest documents equal those of a plain sort, however the documents are divided. */
class RankTest {
    private static final int DOCUMENTS = 1500;
    private static final int WIDTH = 6;
    private static final double SCALE = 20;

    private final Random random = new Random(5);
    private final float[][] vectors = IntStream.range(0, DOCUMENTS)
            .mapToObj(i -> UnitVectors.unit(vector()))
            .toArray(float[][]::new);

    /** Returns a vector of small whole numbers, of which some are equal. */
    private float[] vector() {
        float[] vector = new float[WIDTH];
        for (int k = 0; k < WIDTH; k++) {
            vector[k] = random.nextInt(5) - 2.1F;
        }
        return vector;
    }

    private UnitVectors part(int from, int to) {
        return UnitVectors.of(LongStream.range(from, to).toArray(), Arrays.copyOfRange(vectors, from, to));
    }

    private double cosine(float[] a, int document) {
        return UnitVectors.product(a, UnitVectors.unit(vectors[document]));
    }

    @Test
    void ranksDocumentsAsASortDoes() {
        Queries queries = new Queries(SCALE);
        List<float[]> asked = new ArrayList<>();
        for (int q = 0; q < 7; q++) {
            asked.add(UnitVectors.unit(vector()));
            // One document twice counts once.
            queries.add(asked.get(q), UnitVectors.of(new long[] {q, q + 700, q}, new float[][] {
                vectors[q], vectors[q + 700], vectors[q]
            }));
        }
        double[][] whole = queries.counts(part(0, DOCUMENTS));
        double[][] parts = Queries.sum(queries.counts(part(0, 1100)), queries.counts(part(1100, DOCUMENTS)));
        List<RankedQuery> ranked = queries.ranked(whole);
        for (int q = 0; q < 7; q++) {
            assertThat(queries.ranked(parts).get(q).ranks())
                    .isEqualTo(ranked.get(q).ranks());
            Set<Integer> own = Set.of(q, q + 700);
            float[] query = asked.get(q);
            List<Integer> order = IntStream.range(0, DOCUMENTS)
                    .boxed()
                    .sorted(Comparator.<Integer>comparingDouble(i -> -cosine(query, i))
                            .thenComparing(own::contains))
                    .toList();
            double[] expected = own.stream()
                    .mapToDouble(i -> order.indexOf(i) + 1.0)
                    .sorted()
                    .toArray();
            assertThat(ranked.get(q).ranks()).isEqualTo(expected);
            double others = IntStream.range(0, DOCUMENTS)
                    .filter(i -> !own.contains(i))
                    .mapToDouble(i -> Math.exp(SCALE * cosine(query, i)))
                    .sum();
            double loss = own.stream()
                    .mapToDouble(i -> {
                        double e = Math.exp(SCALE * cosine(query, i));
                        return -Math.log(e / (e + others));
                    })
                    .average()
                    .orElseThrow();
            assertThat(ranked.get(q).loss()).isCloseTo(loss, within(1e-6));
        }
    }

    @Test
    void findsTheNearestAsASortDoes() {
        Nearest nearest = new Nearest(9);
        List<float[]> asked = new ArrayList<>();
        for (int q = 0; q < 7; q++) {
            asked.add(UnitVectors.unit(vector()));
            nearest.add(asked.get(q), Set.of((long) q, q + 3L), 0.9);
        }
        Nearest.Found[] whole = nearest.in(part(0, DOCUMENTS));
        Nearest.Found[] parts = nearest.merged(
                nearest.none(), nearest.merged(nearest.in(part(1000, DOCUMENTS)), nearest.in(part(0, 1000))));
        for (int q = 0; q < 7; q++) {
            int number = q;
            float[] query = asked.get(q);
            long[] expected = IntStream.range(0, DOCUMENTS)
                    .filter(i -> i != number && i != number + 3 && cosine(query, i) <= 0.9)
                    .boxed()
                    .sorted(Comparator.<Integer>comparingDouble(i -> -cosine(query, i))
                            .thenComparing(i -> i))
                    .limit(9)
                    .mapToLong(i -> i)
                    .toArray();
            assertThat(whole[q].ids()).isEqualTo(expected);
            assertThat(parts[q].ids()).isEqualTo(expected);
            assertThat(whole[q].similarities()).hasSize(expected.length);
        }
    }

    @Test
    void costsWhatTheDefinitionOfCosentCosts() {
        double[] scaled = random.doubles(12, -3, 3).toArray();
        double[] scores =
                random.ints(12, 0, 4).mapToDouble(score -> score / 4.0).toArray();
        Cosent cosent = Cosent.of(scaled, scores);
        assertThat(cosent.loss()).isCloseTo(plain(scaled, scores), within(1e-12));
        for (int i = 0; i < scaled.length; i++) {
            double step = 1e-6;
            double[] more = scaled.clone();
            more[i] += step;
            double[] less = scaled.clone();
            less[i] -= step;
            assertThat(cosent.slopes()[i])
                    .isCloseTo((plain(more, scores) - plain(less, scores)) / (2 * step), within(1e-8));
        }
    }

    private static double plain(double[] scaled, double[] scores) {
        double sum = 1;
        for (int i = 0; i < scaled.length; i++) {
            for (int j = 0; j < scaled.length; j++) {
                sum += scores[i] > scores[j] ? Math.exp(scaled[j] - scaled[i]) : 0;
            }
        }
        return Math.log(sum);
    }
}
