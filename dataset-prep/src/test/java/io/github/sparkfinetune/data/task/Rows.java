package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.redact.ModelSpans;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Raw rows in memory, and a task's results for them without an engine. */
public final class Rows {
    public static final String FILE = "file:/data/rows.jsonl";

    private Rows() {}

    /** A row of values; a row without values is corrupt. */
    public record Raw(String file, List<String> values) implements RawRow {
        @Override
        public boolean isCorrupt() {
            return values.isEmpty();
        }

        @Override
        public String text(int column) {
            return values.get(column);
        }
    }

    public record Source(String path, DataFormat format, List<String> columns) implements RawSource {
        @Override
        public String key() {
            return "data.train";
        }

        @Override
        public String split() {
            return "train";
        }
    }

    public static Source jsonLines(String... columns) {
        return new Source(FILE, DataFormat.JSONL, List.of(columns));
    }

    public static RunConfig config(String task, String... data) {
        return config(task, List.of(), data);
    }

    public static RunConfig config(String task, List<String> overrides, String... data) {
        String yaml = "model: m\ntask: " + task + "\noutput: {dir: out}\ndata:\n  train: rows.jsonl\n  "
                + String.join("\n  ", data) + "\n";
        List<String> all = new ArrayList<>(overrides);
        if (!yaml.contains("max_length")) {
            all.add("data.max_length=64");
        }
        return RunConfigLoader.parse(yaml, "test.yaml", all);
    }

    public static Raw row(String... values) {
        return new Raw(FILE, Arrays.asList(values));
    }

    /** Cleans rows. */
    public static <C> List<CleanRow<C>> clean(Reading<C> reading, RawRow... rows) {
        RowCleaner<C> cleaner = reading.cleaner().open(ModelSpans.none());
        return Stream.of(rows).map(cleaner::clean).toList();
    }

    /** Tokenizes usable rows, makes samples of them and returns the counts. */
    public static <C> SampleCounts samples(
            TaskData<C> task, TokenizerFiles files, List<String> labels, List<CleanRow<C>> rows, List<Sample> samples)
            throws IOException {
        SampleSink sink = task.sink(samples::add, labels);
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            TaskData.Encoder<C> encoder = task.encoder(tokenizer, files, "data.train", labels);
            for (CleanRow<C> row : rows) {
                sink.add(encoder.encode(row), row.stratum());
            }
        }
        return sink.finish();
    }

    /** Cleans rows of JSON lines, all of which must be usable, and returns their samples. */
    public static <C> List<Sample> samples(
            TaskData<C> task, TokenizerFiles files, Reading<C> reading, String... jsonLines) throws IOException {
        RawRow[] rows = Stream.of(jsonLines).map(Rows::row).toArray(RawRow[]::new);
        List<Sample> samples = new ArrayList<>();
        samples(task, files, List.of(), clean(reading, rows), samples);
        return samples;
    }

    public static <C> List<TaskInput> inputs(TaskData<C> task, TokenizerFiles files, List<CleanRow<C>> rows) {
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            return new ArrayList<>(
                    rows.stream().map(task.inputs(tokenizer, files)).toList());
        }
    }
}
