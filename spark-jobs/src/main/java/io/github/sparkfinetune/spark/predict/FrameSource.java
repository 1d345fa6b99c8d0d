package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.data.task.RawRow;
import io.github.sparkfinetune.data.task.RawSource;
import java.util.List;
import org.apache.spark.sql.Row;

/**
 * DataFrame as the source of a task.
 *
 * @param columns names of the columns
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
     * Values of a row, as texts.
     *
     * @param row row whose first value is the original row, followed by the values and the person
     */
    record Values(Row row) implements RawRow {
        /** Returns the original row. */
        Row original() {
            return row.getStruct(0);
        }

        @Override
        public String person() {
            return row.getString(row.length() - 1);
        }

        @Override
        public String text(int column) {
            return row.getString(column + 1);
        }
    }
}
