package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.conf.DataConfig.DataFormat;
import io.github.sparkfinetune.data.task.RawRow;
import io.github.sparkfinetune.data.task.RawSource;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.spark.sql.Row;

/**
 * A DataFrame as a task sees it.
 *
 * @param columns its names
 */
record FrameSource(List<String> columns) implements RawSource {
    @Override
    public String key() {
        return "the DataFrame";
    }

    @Override
    public String split() {
        return null;
    }

    @Override
    public String path() {
        return "the DataFrame";
    }

    @Override
    public DataFormat format() {
        return DataFormat.TABLE;
    }

    /**
     * A row's values, as texts.
     *
     * @param row the values behind something else
     */
    record Values(Row row) implements RawRow {
        @Override
        public String file() {
            return null;
        }

        @Override
        public boolean isCorrupt() {
            return false;
        }

        @Override
        public byte[] bytes(int column) {
            String text = text(column);
            return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public String text(int column) {
            return row.getString(column + 1);
        }
    }
}
