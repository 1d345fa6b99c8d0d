package io.github.sparkfinetune.core.local;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.redact.ModelSpans;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.JsonRow;
import io.github.sparkfinetune.data.task.RawRow;
import io.github.sparkfinetune.data.task.RawSource;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.RowCleaner;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.TextCleaning;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Rows in memory, as a source of a task.
 *
 * @param key key of the source in messages
 * @param split split of the rows; null for rows to predict
 * @param rows JSON objects
 */
record LocalSource(String key, String split, List<JsonNode> rows) implements RawSource {
    LocalSource {
        rows = List.copyOf(rows);
        for (int i = 0; i < rows.size(); i++) {
            if (!rows.get(i).isObject()) {
                throw RunException.data(key + ": row " + i + " is no JSON object: a row has columns by their names");
            }
        }
    }

    @Override
    public String path() {
        return "rows in memory";
    }

    @Override
    public DataFormat format() {
        return DataFormat.JSONL;
    }

    @Override
    public List<String> columns() {
        Set<String> names = new LinkedHashSet<>();
        rows.forEach(row -> row.fieldNames().forEachRemaining(names::add));
        return List.copyOf(names);
    }

    /**
     * Returns the cleaned rows, in order, also those that cannot be used.
     *
     * @param byModel spans of the model of {@code data.redact}
     */
    <C> List<CleanRow<C>> clean(TaskData<C> task, TokenizerFiles tokenizer, DataConfig data, ModelSpans byModel) {
        Reading<C> reading = task.reading(this, tokenizer, split != null);
        RowCleaner<C> cleaner = reading.cleaner().open(byModel);
        String person = TextCleaning.person(data, this).orElse(null);
        Iterator<RawRow> raw = IntStream.range(0, rows.size())
                .<RawRow>mapToObj(i -> JsonRow.of("row " + i, rows.get(i), reading, person))
                .iterator();
        List<CleanRow<C>> clean = new ArrayList<>();
        byModel.ahead(raw, cleaner::clean).forEachRemaining(row -> clean.add(cleaner.clean(row)));
        return clean;
    }
}
