package io.github.sparkfinetune.job.tune;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HalvingTest {
    @Test
    void nineTrialsOfFactorThreeHaveThreeStages() {
        Halving halving = new Halving(9, 3, 10);

        assertThat(halving.stages()).isEqualTo(3);
        assertThat(halving.until(0, 900)).isEqualTo(100);
        assertThat(halving.until(1, 900)).isEqualTo(300);
        assertThat(halving.until(2, 900)).isEqualTo(Long.MAX_VALUE);
        assertThat(halving.kept(0)).isEqualTo(3);
        assertThat(halving.kept(1)).isEqualTo(1);
    }

    @Test
    void pausesAtTheNextEvaluation() {
        Halving halving = new Halving(4, 2, 10);

        assertThat(halving.until(0, 101)).isEqualTo(30);
        assertThat(halving.until(1, 101)).isEqualTo(60);
        assertThat(halving.until(1, 12)).isEqualTo(10);
        assertThat(halving.until(1, 10)).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void keepsATrialOfAnIncompleteGroup() {
        Halving halving = new Halving(7, 3, 1);

        assertThat(halving.stages()).isEqualTo(2);
        assertThat(halving.kept(0)).isEqualTo(3);
    }

    @Test
    void withoutAFactorAllTrialsEnd() {
        assertThat(new Halving(5, 0, 0).stages()).isEqualTo(1);
        assertThat(new Halving(5, 0, 0).until(0, 100)).isEqualTo(Long.MAX_VALUE);
    }
}
