package io.github.sparkfinetune.extra.audit;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.task.classification.ClassificationData;
import io.github.sparkfinetune.spark.predict.FrameHashes;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Hashes by which a question and its row find each other. */
final class Hashes {
    private Hashes() {}

    /**
     * Adds a column with the {@link io.github.sparkfinetune.data.task.ContentHash} of the unredacted texts.
     *
     * @param text column of the text
     * @param pair column of the second text, where rows have two
     * @param column name of the new column
     * @throws RunException if the run reads no texts with labels
     */
    static Dataset<Row> with(Dataset<Row> rows, RunConfig config, Column text, Column pair, String column)
            throws IOException {
        DataConfig data = config.data().withoutRedact();
        Map<String, Column> inputs = new LinkedHashMap<>(Map.of(data.text(), text));
        if (data.textPair() != null) {
            inputs.put(data.textPair(), pair);
        }
        return FrameHashes.with(
                rows,
                new ClassificationData(data, config.classification(), false),
                PrepareJob.tokenizer(config, rows.sparkSession().sparkContext().hadoopConfiguration()),
                inputs,
                column);
    }
}
