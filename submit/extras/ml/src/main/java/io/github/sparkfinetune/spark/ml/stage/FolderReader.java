package io.github.sparkfinetune.spark.ml.stage;

import java.util.function.BiFunction;
import org.apache.spark.ml.param.Params;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.MLReader;

/**
 * Loads a stage that {@link FolderWriter} saved.
 *
 * @param <S> class of the stage
 */
public final class FolderReader<S extends Params> extends MLReader<S> {
    private final BiFunction<S, String, S> withModel;

    /** @param withModel sets the model of a saved folder on a stage */
    public FolderReader(BiFunction<S, String, S> withModel) {
        this.withModel = withModel;
    }

    @Override
    public S load(String path) {
        return withModel.apply(new DefaultParamsReader<S>().load(path), path);
    }
}
