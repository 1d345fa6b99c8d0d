package io.github.sparkfinetune.conf.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.corpus.CorpusConfig;
import java.util.List;
import org.junit.jupiter.api.Test;

class KeysTest {
    private static final RunConfig CONFIG = RunConfigLoader.parse("""
            {model: m, task: sft, data: {train: t, test: s, chat_template: c}, method: {type: lora, adapter: a},
             output: {dir: o}}
            """, "run.yaml", List.of());

    @Test
    void listsThePathsThatAreSetInTheOrderOfTheRecords() {
        assertThat(Keys.paths(CONFIG).toString())
                .isEqualTo(
                        "{model=m, data.train=t, data.test=s, data.chat_template=c, method.adapter=a, output.dir=o}");
    }

    @Test
    void mapsOnlyPaths() {
        RunConfig mapped = Keys.mapPaths(CONFIG, (key, path) -> key + "/" + path);

        assertThat(mapped.data().train()).isEqualTo("data.train/t");
        assertThat(mapped.data().eval()).isNull();
        assertThat(Keys.mapPaths(mapped, (key, path) -> path.substring(key.length() + 1)))
                .isEqualTo(CONFIG);
    }

    @Test
    void mapsPathsInLists() {
        RunConfig mixed = RunConfigLoader.parse(
                "{model: m, task: causal-lm, output: {dir: o}, data: {corpus: {sources: [{path: a, weight: 1}, {path: b,"
                        + " weight: 2}]}}}",
                "run.yaml",
                List.of());

        assertThat(Keys.paths(mixed).toString())
                .isEqualTo("{model=m, data.corpus.sources[0].path=a, data.corpus.sources[1].path=b, output.dir=o}");
        assertThat(Keys.mapPaths(mixed, (key, path) -> "/" + path)
                        .data()
                        .corpus()
                        .sources())
                .containsExactly(new CorpusConfig.Source("/a", 1), new CorpusConfig.Source("/b", 2));
    }

    @Test
    void keyOfAMapMayChangeIfTheMapMayChange() {
        assertThat(Keys.mayChange("cluster.ranks")).isTrue();
        assertThat(Keys.mayChange("training.learning_rate")).isFalse();
        assertThat(Keys.mayChange("method.rank_pattern.model.layers.0.q_proj")).isFalse();
    }
}
