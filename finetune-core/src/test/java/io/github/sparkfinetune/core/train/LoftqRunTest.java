package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.ModelGoldenTest.assertClose;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.data.dataset.Sample;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A LoftQ adapter starts closer to the full model than a plain adapter over 4 bits, and belongs to the 4-bit base. */
class LoftqRunTest {
    private static final List<Sample> SAMPLES = IntStream.range(0, 3)
            .mapToObj(i -> TinyDataset.documents(new SplittableRandom(i), i, false, i + 1))
            .toList();

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"llama-untied", "gpt2"})
    void startsCloseToTheModelAndMergesIntoThe4BitBase(String kind) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), kind, config -> {});
        TinyRun tiny = new TinyRun(folder, base, "causal-lm");
        float[] whole = start(tiny, "whole", "method.type=lora");
        float[] plain = start(tiny, "plain", "method.type=qlora");
        String[] loftq = {"method.type=qlora", "method.init_lora_weights=loftq", "method.lora_alpha=24"};
        assertThat(distance(start(tiny, "loftq", loftq), whole)).isLessThan(0.9 * distance(plain, whole));

        RunConfig config = config(tiny, "trained", loftq);
        float[] trained;
        try (TrainingResources resources = new TrainingResources(config, rank(), null)) {
            Training training = new Training(config, rank(), resources);
            training.train(Long.MAX_VALUE);
            training.finish();
            trained = TinyDecoder.logits(resources.manager(), (Decoder) resources.model(), SAMPLES);
        }
        Path adapter = TinyRun.exported(config);
        try (TinyDecoder read = TinyDecoder.trained(adapter, Optional.of(base), config)) {
            assertSame("read", read.logits(SAMPLES), trained);
        }
        Path merged = folder.resolve("merged");
        TinyRun.merge(config, adapter, merged, folder.resolve("cache"));
        try (TinyDecoder model = TinyDecoder.trained(merged, Optional.empty(), config)) {
            assertSame("merged", model.logits(SAMPLES), trained);
        }
    }

    private RankContext rank() {
        Path local = folder.resolve("local");
        return new RankContext(
                new SingleRank(), -1, 1, new Configuration(), local, "a", record -> {}, () -> StopRequest.NONE);
    }

    private static RunConfig config(TinyRun tiny, String name, String... settings) throws Exception {
        List<String> all = new ArrayList<>(List.of(settings));
        all.addAll(
                List.of("training.max_steps=3", "training.learning_rate=1.0e-2", "method.target_modules=all-linear"));
        return tiny.config(name, all.toArray(String[]::new));
    }

    /** Returns the logits of a model before its first step. */
    private float[] start(TinyRun tiny, String name, String... settings) throws Exception {
        try (TrainingResources resources = new TrainingResources(config(tiny, name, settings), rank(), null)) {
            return TinyDecoder.logits(resources.manager(), (Decoder) resources.model(), SAMPLES);
        }
    }

    private static void assertSame(String what, float[] actual, float[] expected) {
        assertClose(what, actual, expected, 1e-5 * distance(expected, new float[expected.length]));
    }

    private static double distance(float[] a, float[] b) {
        return Math.sqrt(IntStream.range(0, a.length)
                .mapToDouble(i -> Math.pow(a[i] - b[i], 2))
                .sum());
    }
}
