package io.github.sparkfinetune.data.task.token;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.DropReason;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.tag.TaggedEncoder;
import io.github.sparkfinetune.data.tag.TaggedWords;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.LabelNames;
import io.github.sparkfinetune.data.task.RawSource;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.SampleSink;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.TextCleaning;
import io.github.sparkfinetune.data.task.TextRows;
import io.github.sparkfinetune.data.task.WindowSamples;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Task {@code token-classification}: a list of words with a tag each, or a text with spans, is a sample, or several
 * windows if it is longer. A byte-level tokenizer puts a space before each word ({@code add_prefix_space=True}), as
 * lists of words require.
 */
public record TokenClassificationData(DataConfig data) implements TaskData<TaggedWords> {

    public static TokenClassificationData of(RunConfig config) {
        return new TokenClassificationData(config.data());
    }

    @Override
    public TokenizerFiles tokenizer(TokenizerFiles files) {
        return files.withPrefixSpace().withPadding();
    }

    @Override
    public String text(TaggedWords content) {
        return content.words().text();
    }

    @Override
    public void check(TokenizerFiles files) {
        TextRows.refusePair(data);
        TextRows.refuseCorpus(data);
        int special;
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            special = tokenizer.specialTokens();
        }
        if (data.windowStride() >= data.maxLength() - special) {
            throw RunException.config("data.stride: windows of data.max_length: " + data.maxLength() + " tokens, of"
                    + " which " + special + " are special tokens, cannot share "
                    + data.windowStride()
                    + ": set it below "
                    + (data.maxLength() - special));
        }
    }

    @Override
    public Reading<TaggedWords> reading(RawSource source, TokenizerFiles files, boolean supervised) {
        TextRows.refuseBareTexts(source, "have no tags", "jsonl, csv or parquet for task token-classification");
        List<String> present = source.columns();
        requireColumn(source, "data.text", data.text());
        if (supervised) {
            requireColumn(source, "data.label", data.label());
        }
        List<String> read = supervised ? List.of(data.text(), data.label()) : List.of(data.text());
        return new Reading.JsonObjects<>(
                read.stream().filter(present::contains).toList(),
                new TaggedRows(data.text(), data.label(), supervised, TextCleaning.of(data)));
    }

    private static void requireColumn(RawSource source, String key, String name) {
        // JSON lines without rows have no columns; the missing rows are reported when rows are counted.
        if (!source.columns().isEmpty()) {
            source.requireColumn(key, name, "");
        }
    }

    @Override
    public List<String> labelNames(Collection<String> found) {
        List<String> names = LabelNames.sorted(found);
        if (names.size() < 2) {
            throw RunException.data(
                    "data.train: the words have the tags " + names + ": token-classification needs at least two");
        }
        return names;
    }

    private TaggedEncoder encoder(TextTokenizer tokenizer) {
        return new TaggedEncoder(tokenizer, data.maxLength(), data.windowStride());
    }

    @Override
    public Encoder<TaggedWords> encoder(
            TextTokenizer tokenizer, TokenizerFiles files, String key, List<String> labels) {
        TaggedEncoder encoder = encoder(tokenizer);
        Map<String, Integer> ids = LabelNames.ids(labels);
        return row -> {
            TaggedWords words = row.content();
            List<Sample> windows = encoder.encode(
                    words, words.tags().stream().mapToInt(ids::get).toArray());
            return windows.isEmpty()
                    ? WindowSamples.dropped(DropReason.NO_LABELLED_TOKEN)
                    : WindowSamples.bytes(windows);
        };
    }

    @Override
    public SampleSink sink(SampleOutput output, List<String> labels) {
        return new WindowSamples(output, labels.size());
    }

    @Override
    public SampleSchema schema() {
        return new SampleSchema(EnumSet.of(
                SampleSchema.Column.INPUT_IDS,
                SampleSchema.Column.LABELS,
                SampleSchema.Column.WINDOW,
                SampleSchema.Column.ROW));
    }

    @Override
    public DatasetOptions options(TokenizerFiles files) {
        return DatasetOptions.of(data, files)
                .withColumns(data.text(), data.textPair(), data.label())
                .withStride(data.windowStride());
    }

    /** Returns inputs in which the first token of each word has label 0, as the place of a prediction. */
    @Override
    public Function<CleanRow<TaggedWords>, TaskInput> usableInputs(TextTokenizer tokenizer, TokenizerFiles files) {
        TaggedEncoder encoder = encoder(tokenizer);
        return row -> {
            TaggedWords words = row.content();
            List<Sample> windows = encoder.encode(words, new int[words.words().size()]);
            return windows.isEmpty()
                    ? TaskInput.bad(row.file(), DropReason.NO_LABELLED_TOKEN.label())
                    : TaskInput.text(row.file(), words.words().text(), null, windows.toArray(Sample[]::new));
        };
    }
}
