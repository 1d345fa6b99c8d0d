package io.github.sparkfinetune.spark.ml;

import static org.apache.spark.sql.functions.array_distinct;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.filter;
import static org.apache.spark.sql.functions.flatten;
import static org.apache.spark.sql.functions.slice;

import io.github.sparkfinetune.spark.ml.stage.Outputs;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Columns that {@link LanguageModel} adds. */
enum LanguageOutput {
    /** Generated text. */
    GENERATED {
        @Override
        Map<String, Param<?>> settings(LanguageModel stage) {
            Map<String, Param<?>> settings = new LinkedHashMap<>();
            settings.put("generation.max_new_tokens", stage.maxNewTokens());
            settings.put("generation.do_sample", stage.doSample());
            settings.put("generation.temperature", stage.temperature());
            settings.put("generation.top_k", stage.topK());
            settings.put("generation.top_p", stage.topP());
            settings.put("generation.repetition_penalty", stage.repetitionPenalty());
            return settings;
        }

        @Override
        Outputs prediction(Params stage, Param<String> prediction, Column predicted) {
            return new Outputs(stage).add(prediction, DataTypes.StringType, () -> predicted.getField("generated"));
        }

        @Override
        Outputs columns(LanguageModel stage, Column predicted) {
            return prediction(stage, stage.predictionCol(), predicted)
                    .add(stage.outputCol(), DataTypes.StringType, () -> predicted.getField("generated"));
        }
    },
    /** Reward of an answer. */
    REWARD {
        @Override
        Map<String, Param<?>> settings(LanguageModel stage) {
            return Map.of();
        }

        @Override
        Outputs prediction(Params stage, Param<String> prediction, Column predicted) {
            return new Outputs(stage).add(prediction, DataTypes.DoubleType, () -> predicted.getField("reward"));
        }

        @Override
        Outputs columns(LanguageModel stage, Column predicted) {
            return prediction(stage, stage.predictionCol(), predicted)
                    .add(stage.outputCol(), DataTypes.DoubleType, () -> predicted.getField("reward"));
        }
    },
    /** Likeliest tokens at each mask token. */
    FILLED {
        @Override
        Map<String, Param<?>> settings(LanguageModel stage) {
            return Map.of();
        }

        @Override
        Outputs prediction(Params stage, Param<String> prediction, Column predicted) {
            return new Outputs(stage)
                    .add(
                            prediction,
                            TOKENS,
                            () -> perMask(
                                    predicted.getField("predictions"),
                                    mask -> element_at(mask, 1).getField("token_str")));
        }

        @Override
        Outputs columns(LanguageModel stage, Column predicted) {
            Column filled = predicted.getField("predictions");
            return prediction(stage, stage.predictionCol(), predicted).add(stage.outputCol(), TOKENS_OF_MASKS, () -> {
                Column likeliest = stage.isDefined(stage.topK())
                        ? flatten(perMask(filled, mask -> slice(mask, 1, (int) stage.getOrDefault(stage.topK()))))
                        : filled;
                return likeliest.cast(TOKENS_OF_MASKS);
            });
        }
    };

    private static final ArrayType TOKENS = DataTypes.createArrayType(DataTypes.StringType);
    private static final ArrayType TOKENS_OF_MASKS = DataTypes.createArrayType(new StructType()
            .add("mask", DataTypes.IntegerType)
            .add("score", DataTypes.DoubleType)
            .add("token", DataTypes.IntegerType)
            .add("token_str", DataTypes.StringType));

    /** Returns the parameters that change the prediction, by the run's keys. */
    abstract Map<String, Param<?>> settings(LanguageModel stage);

    /**
     * Returns the column of the prediction.
     *
     * @param stage trainer or model
     * @param prediction parameter that names the column
     * @param predicted structure of {@code TaskSpec.predictionRows}
     */
    abstract Outputs prediction(Params stage, Param<String> prediction, Column predicted);

    /**
     * Returns all columns of the model.
     *
     * @param predicted structure of {@code TaskSpec.predictionRows}
     */
    abstract Outputs columns(LanguageModel stage, Column predicted);

    /** Applies a function to the tokens at each mask token, likeliest first. */
    private static Column perMask(Column filled, UnaryOperator<Column> function) {
        Column masks = array_distinct(functions.transform(filled, one -> one.getField("mask")));
        return functions.transform(
                masks,
                mask -> function.apply(
                        filter(filled, one -> one.getField("mask").equalTo(mask))));
    }
}
