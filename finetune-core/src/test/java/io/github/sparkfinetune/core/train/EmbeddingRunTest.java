package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.RunAssertions.assertBitEqual;
import static io.github.sparkfinetune.core.train.RunAssertions.assertSame;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
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

/** Whole runs of embeddings train the same model however a batch is split, because all its pairs are compared. */
class EmbeddingRunTest {
    @TempDir
    Path folder;

    private TinyRun tiny(String model, String... settings) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), model, config -> {});
        return new TinyRun(folder, base, "embedding", settings);
    }

    static Stream<Arguments> runsAndWays() {
        return TestMatrix.of(TestMatrix.product(
                List.of(
                        "bert-mlm method.type=full training.learning_rate=5.0e-4",
                        "bert-mlm method.type=lora training.learning_rate=1.0e-2",
                        "bert-mlm method.type=full embedding.loss=cosent embedding.matryoshka_dims=[8]",
                        "modernbert-mlm method.type=full embedding.pooling=cls embedding.matryoshka_dims=[8]",
                        "llama-tied method.type=qlora training.learning_rate=1.0e-2 embedding.pooling=lasttoken",
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
    void resumesBitEqual() throws Exception {
        TinyRun tiny = tiny("bert-mlm");
        String[] settings = {
            "training.save_steps=4",
            "training.save_total_limit=20",
            "training.per_device_train_batch_size=2",
            "training.gradient_accumulation_steps=2"
        };
        RunConfig whole = tiny.config("whole", settings);
        TinyRun.Outcome outcome = tiny.run(whole, 2, null);
        Checkpoint fourth = tiny.checkpoints(whole).get(0);
        RunConfig resumed = tiny.config("resumed", settings);
        TinyRun.copy(whole, resumed, fourth);

        int steps = outcome.losses().size();
        assertThat(tiny.run(resumed, 2, fourth.name()).losses().subList(4, steps))
                .isEqualTo(outcome.losses().subList(4, steps));
        assertBitEqual(TinyRun.model(resumed), TinyRun.model(whole));
    }
}
