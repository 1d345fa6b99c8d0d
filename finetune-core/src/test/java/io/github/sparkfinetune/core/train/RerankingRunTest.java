package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.RunAssertions.assertSame;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.train.RunAssertions.Way;
import io.github.sparkfinetune.testing.TestMatrix;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole runs of rerankers train the same model however a batch is split, also if queries differ in documents. */
class RerankingRunTest {
    private static final String LISTS = "reranking.negative=other reranking.num_negatives=3";

    @TempDir
    Path folder;

    private TinyRun tiny(String model, String... settings) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), model, config -> {});
        return new TinyRun(folder, base, "reranking", settings);
    }

    static Stream<Arguments> runsAndWays() {
        return TestMatrix.of(TestMatrix.product(
                List.of(
                        "bert-mlm method.type=full",
                        "bert-mlm method.type=full reranking.pos_weight=4 " + LISTS,
                        "bert-mlm method.type=lora training.learning_rate=1.0e-2 reranking.loss=list_net " + LISTS,
                        "modernbert-mlm method.type=full reranking.loss=lambda " + LISTS,
                        "llama-tied method.type=qlora training.learning_rate=1.0e-2 reranking.loss=list_net " + LISTS,
                        "bert-mlm method.type=freeze",
                        "llama-tied method.type=full training.learning_rate=1.0e-4"),
                List.of(Way.TWO_RANKS, Way.THREE_RANKS, Way.ACCUMULATION, Way.RECOMPUTATION)));
    }

    @ParameterizedTest
    @MethodSource("runsAndWays")
    void trainsTheSameModelWithRanksMicroBatchesAndRecomputation(String settings, Way way) throws Exception {
        String[] words = settings.split(" ", 2);
        assertSame(tiny(words[0], words[1].split(" ")), way);
    }

    @Test
    void choosesTheBestModelByTheRankingOfLists() throws Exception {
        TinyRun tiny = tiny("bert-mlm", LISTS.split(" "));
        TinyRun.Outcome outcome = tiny.run(tiny.config("run"), 2, null);
        assertThat(outcome.result().eval()).containsOnlyKeys("loss", "ndcg_at_10", "mrr_at_10", "average_precision");
        assertThat(outcome.result().eval().get("ndcg_at_10")).isBetween(0.4, 1.0);
    }
}
