package io.github.sparkfinetune.extra.explain;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RankingTest {
    @Test
    void keepsTheSamplesOfAFullSortHoweverSamplesAreDivided() {
        SplittableRandom random = new SplittableRandom(7);
        List<Ranking.Entry> all = new ArrayList<>();
        Ranking whole = new Ranking(1, 5);
        List<Ranking> parts = List.of(new Ranking(1, 5), new Ranking(1, 5), new Ranking(1, 5));
        for (int sample = 0; sample < 200; sample++) {
            // Many values are equal.
            double influence = random.nextInt(-20, 21) / 4.0;
            all.add(new Ranking.Entry(sample, influence));
            whole.add(sample, influence);
            parts.get(random.nextInt(3)).add(sample, influence);
        }
        Ranking sum = parts.get(2).plus(parts.get(0)).plus(parts.get(1));

        all.sort(Comparator.comparingDouble(Ranking.Entry::influence)
                .reversed()
                .thenComparingLong(Ranking.Entry::sample));
        List<Ranking.Entry> highest = all.subList(0, 5);
        all = new ArrayList<>(all);
        all.sort(Comparator.comparingDouble(Ranking.Entry::influence).thenComparingLong(Ranking.Entry::sample));
        for (Ranking ranking : List.of(whole, sum)) {
            assertThat(ranking.supporting(0)).containsExactlyElementsOf(highest);
            assertThat(ranking.opposing(0)).containsExactlyElementsOf(all.subList(0, 5));
            assertThat(ranking.samples()).isSorted().hasSize(10);
        }
    }

    @Test
    void hasOnlySamplesOfTheRightSign() {
        Ranking ranking = new Ranking(2, 3);
        ranking.add(4, 1, 0);
        ranking.add(5, -2, 0);

        assertThat(ranking.supporting(0)).containsExactly(new Ranking.Entry(4, 1));
        assertThat(ranking.opposing(0)).containsExactly(new Ranking.Entry(5, -2));
        assertThat(ranking.supporting(1)).isEmpty();
        assertThat(ranking.opposing(1)).isEmpty();
    }
}
