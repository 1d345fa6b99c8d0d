package io.github.sparkfinetune.core.local;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;

/** A trained model that predicts rows in memory. Not for concurrent use; owns native memory until it is closed. */
public final class LocalPredictor implements AutoCloseable {
    private final DataConfig data;
    private final TaskData<?> task;
    private final RowType<?> type;
    private final TokenizerFiles files;
    private final TextTokenizer tokenizer;
    private final LocalEntities entities;
    private final Predictor predictor;

    LocalPredictor(RunConfig config, Configuration hadoop, Path localDir, int gpu, int threads) throws IOException {
        Predictor.check(config, hadoop);
        data = config.data();
        task = TaskDatas.of(config);
        type = TaskSpecs.of(config).predictionRows();
        files = TaskDatas.tokenizer(
                new org.apache.hadoop.fs.Path(config.model()), config, Architectures::positions, hadoop);
        entities = LocalEntities.open(config, hadoop, threads);
        tokenizer = TextTokenizer.open(files);
        try {
            predictor = Predictor.trained(config, hadoop, localDir, gpu, threads);
        } catch (IOException | RuntimeException e) {
            entities.close();
            tokenizer.close();
            throw e;
        }
    }

    /**
     * Predicts rows.
     *
     * @param rows JSON objects with the columns that the {@code data} section names, except the label
     * @return for each row the columns of {@code finetune predict} by name, in the order of the rows
     */
    public List<Map<String, Object>> predict(List<JsonNode> rows) {
        List<Map<String, Object>> predicted = new ArrayList<>();
        predictor.predict(inputs(task, rows).iterator()).forEachRemaining(row -> predicted.add(type.named(row)));
        return predicted;
    }

    private <C> List<TaskInput> inputs(TaskData<C> rowsTask, List<JsonNode> rows) {
        Function<CleanRow<C>, TaskInput> inputs = rowsTask.inputs(tokenizer, files);
        return new LocalSource("rows", null, rows)
                .clean(rowsTask, files, data, entities.spans()).stream()
                        .map(inputs)
                        .toList();
    }

    @Override
    public void close() {
        predictor.close();
        entities.close();
        tokenizer.close();
    }
}
