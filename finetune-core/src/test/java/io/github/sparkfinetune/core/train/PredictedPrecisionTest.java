package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.metric.Metrics;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.predict.LoadedModel;
import io.github.sparkfinetune.core.task.Scorer;
import io.github.sparkfinetune.core.tensor.Processor;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The folder of a trained model names the precision of its training, in which it predicts. */
class PredictedPrecisionTest {
    private static final Configuration HADOOP = new Configuration();

    @TempDir
    private Path folder;

    @Test
    void predictsInThePrecisionOfTrainingUnlessConfigured() throws Exception {
        TinyRun tiny = new TinyRun(folder, "bert-seqcls", 0);
        RunConfig half = tiny.config("half", "precision=bf16", "data.eval_fraction=0.3");
        TinyRun.Outcome outcome = tiny.run(half, 1, null);
        assertThat(HfConfig.read(TinyRun.exported(half)).trainedInBf16()).contains(true);

        assertThat(matmul(half).isBf16()).isEqualTo(Processor.here().hasBf16());
        assertThat(matmul(tiny.config("half", "predict.precision=fp32"))).isEqualTo(MatmulBackend.f32());
        RunConfig wide = tiny.config("wide", "precision=fp32");
        tiny.run(wide, 1, null);
        assertThat(matmul(wide)).isEqualTo(MatmulBackend.f32());
        assertThat(matmul(tiny.config("wide", "predict.precision=bf16")).isBf16())
                .isTrue();

        // Training evaluates in the precision of the run.
        RunConfig again = tiny.config("half", "predict.precision=bf16", "data.eval_fraction=0.3");
        assertThat(metrics(again).get("loss")).isCloseTo(outcome.result().eval().get("loss"), within(5e-3));
    }

    @Test
    void refusesAnUnknownPrecisionInTheFolder() throws Exception {
        TinyRun tiny = new TinyRun(folder, "bert-seqcls", 0);
        RunConfig config = tiny.config("out", "training.max_steps=1");
        tiny.run(config, 1, null);
        Path file = TinyRun.exported(config).resolve(HfConfig.FILE);
        Files.write(
                file,
                HfConfig.read(file.getParent()).with("compute_dtype", "int4").toJson());
        assertThatThrownBy(() -> matmul(config))
                .isInstanceOf(RunException.class)
                .hasMessageEndingWith("config.json: compute_dtype is 'int4', must be bfloat16 or float32");
    }

    private static MatmulBackend matmul(RunConfig config) {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            return LoadedModel.trained(config, manager, TinyRun.exported(config), Optional.empty(), 1)
                    .model()
                    .matmul();
        }
    }

    private static Map<String, Double> metrics(RunConfig config) {
        Torch.start(1);
        org.apache.hadoop.fs.Path dataset = new org.apache.hadoop.fs.Path(config.dataset());
        try (NDManager manager = Torch.manager(-1);
                ParquetSamples eval =
                        ParquetSamples.open(dataset, Manifest.read(dataset, HADOOP), Manifest.EVAL, HADOOP)) {
            Scorer scorer = LoadedModel.trained(config, manager, TinyRun.exported(config), Optional.empty(), 1)
                    .task()
                    .scorer();
            List<Sample> samples = new ArrayList<>();
            eval.part(0, 1).forEachRemaining(samples::add);
            scorer.add(samples, config.training().perDeviceEvalBatchSize());
            Metrics metrics = scorer.metrics();
            return metrics.values();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
