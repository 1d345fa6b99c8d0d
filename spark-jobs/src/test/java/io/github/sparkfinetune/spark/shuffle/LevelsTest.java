package io.github.sparkfinetune.spark.shuffle;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LevelsTest {
    @ParameterizedTest
    @CsvSource({"8, 8", "1000, 1000", "3300, 400", "1, 100000"})
    void smallShufflesHaveOneLevel(int maps, int reducers) {
        assertThat(Levels.of(maps, reducers)).isEqualTo(new Levels(maps, reducers, 0, 0));
    }

    @ParameterizedTest
    @CsvSource({"4096, 4096", "41000, 41000", "41000, 1000", "1000, 41000", "100000, 100000", "100000, 60000"})
    void largeShufflesHaveTwoLevelsOfFewBlocks(int maps, int reducers) {
        Levels levels = Levels.of(maps, reducers);

        assertThat(levels.isTwo()).isTrue();
        assertThat(levels.blocks())
                .isLessThan(Levels.BLOCKS_A_TASK * (maps + (long) reducers))
                .isLessThan((long) maps * reducers / 3);
        assertThat(levels.between())
                .as("tasks of the second level take no more than those of a side")
                .isBetween(Math.max(maps, reducers) / 2, 2 * Math.max(maps, reducers));
    }

    @ParameterizedTest
    @CsvSource({"4096, 4096", "41000, 1000", "1500, 41001"})
    void everyGroupHasItsOwnTasks(int maps, int reducers) {
        Levels levels = Levels.of(maps, reducers);

        for (int map = 0; map < maps; map += 7) {
            for (int reducer = 0; reducer < reducers; reducer += 7) {
                int task = levels.first(map, reducer);
                assertThat(task).isBetween(0, levels.between() - 1);
                assertThat(task % levels.groups()).isEqualTo(reducer / levels.size());
            }
        }
    }
}
