package io.github.sparkfinetune.spark.ml;

import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.MLReader;

/**
 * Loads what {@link ModelWriter} saved.
 *
 * @param <M> the model's class
 */
final class ModelReader<M extends TrainedModel<M>> extends MLReader<M> {
    @Override
    public M load(String path) {
        M model = new DefaultParamsReader<M>().load(path);
        return model.of(path, sparkSession().sparkContext().hadoopConfiguration());
    }
}
