package io.github.sparkfinetune.data.task.language;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.sft.SftColumns;
import io.github.sparkfinetune.data.sft.SftEncoder;
import io.github.sparkfinetune.data.sft.SftExample;
import io.github.sparkfinetune.data.sft.SftLoss;
import io.github.sparkfinetune.data.sft.SftRecords;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.JsonRows;
import io.github.sparkfinetune.data.task.RawSource;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.SampleSink;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.TextCleaning;
import io.github.sparkfinetune.data.task.TextRows;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Task {@code sft}: each row is a document: a conversation, an instruction, or a prompt and its completion. Answers are
 * trained, or all tokens without {@code data.assistant_only_loss}. The kind of rows is found from the columns of a
 * source.
 *
 * @param template name of the chat template in messages
 */
public record SftData(DataConfig data, String template) implements TaskData<SftExample> {

    public static SftData of(RunConfig config) {
        String template = config.data().chatTemplate();
        return new SftData(config.data(), template == null ? config.model() : template);
    }

    @Override
    public String text(SftExample content) {
        return content.text();
    }

    @Override
    public void check(TokenizerFiles files) {
        // The template is checked later, because only some kinds of rows need it.
        TextRows.refusePair(data);
        TextRows.refuseCorpus(data);
    }

    @Override
    public Reading<SftExample> reading(RawSource source, TokenizerFiles files, boolean supervised) {
        TextRows.refuseBareTexts(source, "hold no conversations", "jsonl, csv or parquet for task sft");
        List<String> present = source.columns();
        // JSON lines without rows have no columns; the missing rows are reported when rows are counted.
        SftColumns columns = source.format().hasOpenColumns() && present.isEmpty()
                ? SftColumns.MESSAGES
                : columns(source, files, supervised);
        List<String> read = columns.names().stream().filter(present::contains).toList();
        JsonRows.Reader<SftExample> reader = (json, cleaner) -> new SftRecords(columns, supervised, cleaner).read(json);
        return new Reading.JsonObjects<>(read, new JsonRows<>(reader, TextCleaning.of(data)));
    }

    private SftColumns columns(RawSource source, TokenizerFiles files, boolean supervised) {
        SftColumns columns = SftColumns.of(source.key() + ": " + source.path(), source.columns(), supervised);
        if (columns == SftColumns.PROMPT) {
            // Prompts and completions may be plain texts, which need no template.
            return columns;
        }
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            SftEncoder encoder = encoder(tokenizer, files);
            if (supervised) {
                encoder.check();
            } else {
                encoder.checkPrompt();
            }
        }
        return columns;
    }

    @Override
    public Optional<String> groupName() {
        return Optional.of(SftRecords.PROMPT_GROUP);
    }

    @Override
    public byte[] group(SftExample example) {
        return SftRecords.prompt(example);
    }

    private SftEncoder encoder(TextTokenizer tokenizer, TokenizerFiles files) {
        return new SftEncoder(tokenizer, files, template, SftLoss.of(data.assistantOnlyLoss()));
    }

    @Override
    public Encoder<SftExample> encoder(TextTokenizer tokenizer, TokenizerFiles files, String key, List<String> labels) {
        SftEncoder encoder = encoder(tokenizer, files);
        return row -> {
            Document document = ExampleEncoding.document(encoder, row.content(), key, row.file());
            return DocumentSamples.bytes(
                    document.limited(data.maxLength(), data.overlong()), !data.assistantOnlyLoss());
        };
    }

    @Override
    public SampleSink sink(SampleOutput output, List<String> labels) {
        return new DocumentSamples(data, output);
    }

    @Override
    public Set<Integer> endTokenIds(TokenizerFiles files) {
        return files.special().endIds();
    }

    @Override
    public SampleSchema schema() {
        return SampleSchema.ofDocuments(!data.assistantOnlyLoss());
    }

    @Override
    public DatasetOptions options(TokenizerFiles files) {
        return DatasetOptions.of(data, files, SftRecords.PROMPT_GROUP)
                .withColumns(null, data.textPair(), null)
                .withDocuments(new DatasetOptions.DocumentOptions(
                        data.packing(), data.overlong(), data.assistantOnlyLoss(), files.chatTemplateSha256()));
    }

    /**
     * Returns inputs whose prompt is, for a conversation, the messages before the assistant's last turn, which may be
     * missing.
     */
    @Override
    public Function<CleanRow<SftExample>, TaskInput> usableInputs(TextTokenizer tokenizer, TokenizerFiles files) {
        SftEncoder encoder = encoder(tokenizer, files);
        return row -> ExampleEncoding.input(encoder, row.content(), row.file());
    }
}
