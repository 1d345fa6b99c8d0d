package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.adapter.AdapterFile;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.tensor.SmallParts;
import io.github.sparkfinetune.testing.TestMatrix;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Tensors in parts of a few bytes, like tensors above 2 GB, give the bits of whole tensors: in losses, checkpoints,
 * exported and merged models.
 */
class SmallPartsRunTest {
    @TempDir
    private Path folder;

    enum Method {
        FULL("method.type=full"),
        FULL_8BIT("method.type=full", "training.optim=adamw_8bit", "training.l2_sp=0.1"),
        FREEZE("method.type=freeze", "output.dtype=bfloat16"),
        LORA("method.type=lora", "method.target_modules=all-linear"),
        DORA("method.type=lora", "method.use_dora=true", "method.target_modules=all-linear"),
        PISSA("method.type=lora", "method.init_lora_weights=pissa"),
        GROWN("method.type=lora", "tokenizer.add_special_tokens=['<|new|>', '<|end|>']"),
        ROWS("method.type=lora", "method.trainable_token_indices=[0, 20, 7, 383]"),
        QLORA("method.type=qlora", "method.init_lora_weights=loftq");

        @SuppressWarnings("ImmutableEnumChecker")
        private final List<String> settings;

        Method(String... settings) {
            this.settings = List.of(settings);
        }
    }

    /** Parts smaller than a row, parts that end within a row, and parts of whole rows. */
    enum Cut {
        ROWS_IN_PARTS(120, TensorType.BF16, 2, true),
        PARTS_OF_ROWS(1000, TensorType.F32, 2, false),
        WHOLE_ROWS(1 << 13, TensorType.BF16, 1, false);

        private final int partBytes;
        private final TensorType stored;
        private final int ranks;
        private final boolean sharded;

        Cut(int partBytes, TensorType stored, int ranks, boolean sharded) {
            this.partBytes = partBytes;
            this.stored = stored;
            this.ranks = ranks;
            this.sharded = sharded;
        }
    }

    static Stream<Arguments> runs() {
        List<Arguments> all = new ArrayList<>();
        for (Method method : Method.values()) {
            for (String kind : List.of("llama-untied", "llama-tied", "gpt2", "bert-seqcls")) {
                for (Cut cut : Cut.values()) {
                    all.add(Arguments.of(method, kind, cut));
                }
            }
        }
        return TestMatrix.of(all.stream());
    }

    @ParameterizedTest
    @MethodSource("runs")
    void computesTheBitsOfWholeTensorsInParts(Method method, String kind, Cut cut) throws Exception {
        Path golden = TinyModel.copy(folder.resolve("golden"), kind, config -> {});
        Path base = TinyModel.rewrite(golden, folder.resolve("base"), cut.stored, 60_000, (name, values) -> {});
        TinyRun tiny = new TinyRun(
                folder,
                base,
                kind.startsWith("bert") ? "classification" : "causal-lm",
                Stream.concat(
                                method.settings.stream(),
                                Stream.of(
                                        "training.max_steps=3",
                                        "training.save_steps=2",
                                        "training.max_grad_norm=0.1",
                                        "training.per_device_train_batch_size=6",
                                        "cluster.shard=" + (cut.sharded ? "optimizer" : "none")))
                        .toArray(String[]::new));
        RunConfig whole = tiny.config("whole");
        TinyRun.Outcome expected = tiny.run(whole, cut.ranks, null);
        List<Path> written = written(tiny, whole, "whole-");

        RunConfig parts = tiny.config("parts");
        RunConfig resumed = tiny.config("resumed");
        SmallParts.run(cut.partBytes, () -> {
            assertThat(tiny.run(parts, cut.ranks, null).losses()).isEqualTo(expected.losses());
            assertSame(written(tiny, parts, "parts-"), written);

            Checkpoint second = tiny.checkpoints(whole).get(0);
            TinyRun.copy(whole, resumed, second);
            assertThat(tiny.run(resumed, cut.ranks, second.name()).losses()).isEqualTo(expected.losses());
            assertSame(List.of(TinyRun.exported(resumed)), List.of(TinyRun.exported(whole)));
        });
    }

    /** Returns the folders and files that a run writes, and those of its merge. */
    private List<Path> written(TinyRun tiny, RunConfig config, String prefix) throws Exception {
        Path exported = TinyRun.exported(config);
        Path checkpoints = Path.of(URI.create(config.output().checkpoints()));
        List<Path> all = new ArrayList<>(List.of(exported));
        for (Checkpoint checkpoint : tiny.checkpoints(config)) {
            all.add(checkpoints.resolve(checkpoint.name()));
        }
        if (Files.exists(exported.resolve(AdapterFile.CONFIG))) {
            Path merged = folder.resolve(prefix + "merged");
            TinyRun.merge(config, exported, merged, folder.resolve("cache"));
            all.add(merged);
        }
        return all;
    }

    private static void assertSame(List<Path> actual, List<Path> expected) throws IOException {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < expected.size(); i++) {
            Map<String, Path> files = weights(expected.get(i));
            assertThat(files).isNotEmpty();
            Map<String, Path> found = weights(actual.get(i));
            assertThat(found.keySet()).isEqualTo(files.keySet());
            files.forEach((name, file) ->
                    assertThat(found.get(name)).as(file.toString()).hasSameBinaryContentAs(file));
        }
    }

    private static Map<String, Path> weights(Path folder) throws IOException {
        Map<String, Path> weights = new TreeMap<>();
        try (Stream<Path> files = Files.list(folder)) {
            files.filter(file -> file.toString().endsWith(".safetensors"))
                    .forEach(file -> weights.put(file.getFileName().toString(), file));
        }
        return weights;
    }
}
