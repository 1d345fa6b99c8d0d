package io.github.sparkfinetune.extra.erase;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.redact.ModelSpans;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.JsonRow;
import io.github.sparkfinetune.data.task.RawRow;
import io.github.sparkfinetune.data.task.RawSource;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.RowCleaner;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.spark.source.SplitKeys;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A source that is one file with one row. The file holds a JSON object of the row's columns, or only a text. A text is
 * a row without a label.
 *
 * @param key name of the file in messages
 * @param path path of the file
 * @param format text folders where the file is a text of a text folder, else JSON lines
 * @param content text of the file in UTF-8, if the file is a text of a text folder
 * @param row columns of the row
 * @param isWhole whether the file holds the object, so that the row has all columns that training needs
 */
record GivenRow(String key, String path, DataFormat format, byte[] content, JsonNode row, boolean isWhole)
        implements RawSource {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /**
     * Reads a file.
     *
     * @param format format of the sources; in text folders every file is a text
     * @param encoding character set of the sources
     * @param textColumn name of the column of texts
     */
    static GivenRow of(String key, String path, byte[] content, DataFormat format, String encoding, String textColumn) {
        boolean folders = format.hasLabelFolders();
        String text = new String(content, Charset.forName(encoding));
        JsonNode object = folders ? null : object(text);
        if (object != null) {
            return new GivenRow(key, path, DataFormat.JSONL, null, object, true);
        }
        // Editors end a file with a line end, which is not part of the row's text.
        String line = folders ? text : text.replaceFirst("\\R\\z", "");
        return new GivenRow(
                key,
                path,
                folders ? format : DataFormat.JSONL,
                Charset.forName(encoding).equals(StandardCharsets.UTF_8)
                        ? content
                        : text.getBytes(StandardCharsets.UTF_8),
                JSON.valueToTree(Map.of(textColumn, line)),
                false);
    }

    private static JsonNode object(String text) {
        try {
            JsonNode json = JSON.readTree(text);
            return json.isObject() ? json : null;
        } catch (JsonProcessingException e) {
            return null;
        }
    }

    @Override
    public String split() {
        return Manifest.TRAIN;
    }

    @Override
    public List<String> columns() {
        List<String> names = new ArrayList<>();
        if (!format.hasLabelFolders()) {
            row.fieldNames().forEachRemaining(names::add);
        }
        return names;
    }

    /**
     * Reads and cleans the row as the task does. A row with all columns also needs a time if the split uses times.
     *
     * @param byModel spans of the model of {@code data.redact}
     * @throws RunException if a person decides the redacted text, and the file holds only a text
     */
    <C> CleanRow<C> clean(TaskData<C> task, TokenizerFiles tokenizer, DataConfig data, ModelSpans byModel) {
        String person = data.redact().person();
        if (person != null && !isWhole) {
            throw RunException.data(key + ": " + path + " is a text without its person, on whom data.redact.person lets"
                    + " the redacted text depend: write the row as a JSON object with " + person);
        }
        Reading<C> reading = task.reading(this, tokenizer, isWhole);
        RowCleaner<C> cleaner = reading.cleaner().open(byModel);
        RawRow raw = format.hasLabelFolders() ? new WholeFile() : JsonRow.of(path, row, reading, person);
        CleanRow<C> clean = cleaner.clean(
                byModel.ahead(List.of(raw).iterator(), cleaner::clean).next());
        Optional<SplitKeys<C>> keys = isWhole ? SplitKeys.of(this, task, data) : Optional.empty();
        return keys.map(splitKeys ->
                        splitKeys.open().keyed(clean, new JsonRow(path, row, splitKeys.columns(), null)::text))
                .orElse(clean);
    }

    /** The only value is the content of the file. */
    private final class WholeFile implements RawRow {
        @Override
        public String file() {
            return path;
        }

        @Override
        public byte[] bytes(int column) {
            return column == 0 ? content : null;
        }

        @Override
        public String text(int column) {
            return column == 0 ? new String(content, StandardCharsets.UTF_8) : null;
        }
    }
}
