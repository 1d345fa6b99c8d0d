package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.TestRows;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;

/** Runs of masked language models, and their metrics. */
final class MaskedLmRuns {
    static final String[] LORA = {"method.type=lora", "method.target_modules=all-linear"};

    private MaskedLmRuns() {}

    static TinyRun run(Path folder, Path base, String... settings) throws Exception {
        return new TinyRun(
                folder,
                base,
                "masked-lm",
                Stream.concat(Arrays.stream(settings), Stream.of("training.learning_rate=5.0e-3"))
                        .toArray(String[]::new));
    }

    /** Returns the metrics of the evaluation split, computed as {@code evaluate} does. */
    static Map<String, Double> measured(RunConfig config, TinyRun tiny, boolean base) throws Exception {
        Configuration hadoop = new Configuration();
        org.apache.hadoop.fs.Path dataset = new org.apache.hadoop.fs.Path(config.dataset());
        Manifest manifest = Manifest.read(dataset, hadoop);
        TaskSpec spec = TaskSpecs.of(config);
        try (ParquetSamples samples = ParquetSamples.open(dataset, manifest, Manifest.EVAL, hadoop);
                Predictor predictor = base
                        ? Predictor.base(config, hadoop, tiny.base(), -1, 1)
                        : Predictor.trained(config, hadoop, tiny.base(), -1, 1)) {
            return TestRows.measured(spec.measuredRows(List.of()), predictor.evaluate(samples, List.of(), 0, 1))
                    .values();
        }
    }
}
