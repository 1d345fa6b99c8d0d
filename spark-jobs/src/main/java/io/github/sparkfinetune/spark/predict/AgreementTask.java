package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.conf.PredictConfig.PredictPrecision;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.core.predict.References;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.spark.cluster.LocalDirs;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;

/**
 * Predicts the first rows in 8 bits and in F32, and compares the predictions.
 *
 * @param narrow the model in 8 bits
 * @param wide the same model in F32
 */
record AgreementTask(ModelTask narrow, ModelTask wide) implements FlatMapFunction<Iterator<TaskInput>, Agreement> {
    /** Number of compared rows. */
    private static final int ROWS = 256;
    /** Number of compared rows with generated answers, each of which takes many steps. */
    private static final int GENERATED_ROWS = 16;

    private static AgreementTask of(ModelTask model) {
        return new AgreementTask(
                model,
                new ModelTask(
                        model.config().withPredictPrecision(PredictPrecision.FP32),
                        model.which(),
                        ModelTask.newCommand(),
                        model.placement(),
                        model.configuration()));
    }

    private static boolean isNeeded(ModelTask model) {
        return model.config().predict().precision().isQuantized();
    }

    /** Returns the agreement on the first inputs; empty for a model that is not in 8 bits, or without an input. */
    static Optional<Agreement> ofInputs(ModelTask model, JavaRDD<TaskInput> inputs) {
        if (!isNeeded(model)) {
            return Optional.empty();
        }
        JavaRDD<Agreement> compared =
                PredictionFolder.only(inputs, part -> part == 0).mapPartitions(of(model));
        return first(model, compared);
    }

    /** Returns the agreement on the first samples of a split; empty for a model that is not in 8 bits. */
    static Optional<Agreement> ofSamples(ModelTask model, Manifest manifest, String split, JavaSparkContext spark) {
        if (!isNeeded(model)) {
            return Optional.empty();
        }
        AgreementTask task = of(model);
        return first(model, spark.parallelize(List.of(split), 1).map(name -> task.compareSamples(manifest, name)));
    }

    private static Optional<Agreement> first(ModelTask model, JavaRDD<Agreement> compared) {
        return model.placement().place(compared.rdd()).toJavaRDD().collect().stream()
                .filter(agreement -> agreement.rows() > 0)
                .findFirst();
    }

    @Override
    public Iterator<Agreement> call(Iterator<TaskInput> inputs) throws Exception {
        List<TaskInput> first = new ArrayList<>();
        while (first.size() < rows() && inputs.hasNext()) {
            first.add(inputs.next());
        }
        return List.of(Agreement.of(
                        TaskSpecs.of(narrow.config()).predictionRows(),
                        narrow.open().predict(first.iterator()),
                        wide.open().predict(first.iterator())))
                .iterator();
    }

    private int rows() {
        boolean generates = TaskSpecs.of(narrow.config()).modelKind().head() == HeadKind.CAUSAL_LM;
        return generates ? GENERATED_ROWS : ROWS;
    }

    private Agreement compareSamples(Manifest manifest, String split) throws Exception {
        try (SampleSource samples = References.withReferences(
                narrow.config(),
                manifest,
                split,
                ParquetSamples.open(new Path(narrow.config().dataset()), manifest, split, narrow.hadoop()),
                narrow.hadoop(),
                LocalDirs.first(SparkEnv.get()))) {
            int parts = (int) Math.max(1, samples.size() / rows());
            List<String> labels = manifest.labels();
            Predictor eight = narrow.open();
            return Agreement.of(
                    TaskSpecs.of(narrow.config()).evaluationRows(),
                    eight.evaluate(samples, labels, 0, parts),
                    wide.open().evaluate(samples, labels, 0, parts));
        }
    }
}
