package io.github.sparkfinetune.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.plan.StepPlan;
import io.github.sparkfinetune.core.plan.TrainingOrder;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleDraws;
import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Prints the samples of a run: {@code DrawnSamples RUN_DIR [train]}. Prints a JSON object for each held-out sample as
 * the run measures it; with {@code train}, for each sample as the run trains on it, step by step. An object has
 * {@code index} (place in the split), {@code input_ids} and {@code labels} (-100 for a token without a label; empty if
 * no token has a label).
 */
final class DrawnSamples {
    private static final ObjectMapper JSON = new ObjectMapper();

    private DrawnSamples() {}

    public static void main(String[] arguments) throws IOException {
        RunConfig config = RunConfigLoader.load(
                java.nio.file.Path.of(arguments[0], "run.yaml"), List.of("output.dir=" + arguments[0]));
        boolean train = arguments.length > 1 && arguments[1].equals("train");
        Configuration hadoop = new Configuration();
        SampleDraws draws = TaskDatas.of(config).draws(TokenizerFiles.read(new Path(config.model()), hadoop));
        Path dataset = new Path(config.dataset());
        Manifest manifest = Manifest.read(dataset, hadoop);
        String heldOut = manifest.splits().containsKey(Manifest.TEST) ? Manifest.TEST : Manifest.EVAL;
        try (SampleSource samples = ParquetSamples.open(dataset, manifest, train ? Manifest.TRAIN : heldOut, hadoop)) {
            if (!train) {
                for (long index = 0; index < samples.size(); index++) {
                    print(index, draws.evaluate(samples.read(index)));
                }
                return;
            }
            long batch =
                    StepPlan.globalBatch(config.training(), config.cluster().ranks());
            long steps = StepPlan.of(config.training(), samples.size(), batch).totalSteps();
            TrainingOrder order = TrainingOrder.of(config, samples.rowGroups());
            for (long step = 0; step < steps; step++) {
                // The shares of all ranks, one after another.
                for (long index : order.indexes(step, 0, 1)) {
                    print(index, draws.train(samples.read(index), order.epoch(step)));
                }
            }
        }
    }

    private static void print(long index, Sample sample) throws IOException {
        Map<String, Object> printed = new LinkedHashMap<>();
        printed.put("index", index);
        printed.put("input_ids", sample.inputIds());
        printed.put("labels", sample.labels());
        System.out.println(JSON.writeValueAsString(printed));
    }
}
