package io.github.sparkfinetune.data.task.language;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataConfig.DataFormat;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import io.github.sparkfinetune.data.dataset.SampleSchema;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.sft.SftColumns;
import io.github.sparkfinetune.data.sft.SftEncoder;
import io.github.sparkfinetune.data.sft.SftExample;
import io.github.sparkfinetune.data.sft.SftLoss;
import io.github.sparkfinetune.data.sft.SftRecords;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.RawSource;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.SampleSink;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.TextRows;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Task {@code sft}: a conversation, an instruction, or a prompt and its completion is a document, of which the answers
 * are trained, or all of it without {@code data.assistant_only_loss}. What of these a source holds is found from its
 * columns.
 *
 * @param template what messages call the chat template
 */
public record SftData(DataConfig data, String template) implements TaskData<SftExample> {

    public static SftData of(RunConfig config) {
        String template = config.data().chatTemplate();
        return new SftData(config.data(), template == null ? config.model() : template);
    }

    @Override
    public void check(TokenizerFiles files) {
        // The template is checked when it is known whether the rows need it.
        TextRows.refusePair(data);
        TextRows.refuseCorpus(data);
    }

    @Override
    public Reading<SftExample> reading(RawSource source, TokenizerFiles files, boolean supervised) {
        TextRows.refuseBareTexts(source, "hold no conversations", "jsonl, csv or parquet for task sft");
        List<String> present = source.columns();
        // Without any JSON line there is no key; that there are no rows is found when they are counted.
        SftColumns columns = source.format() == DataFormat.JSONL && present.isEmpty()
                ? SftColumns.MESSAGES
                : columns(source, files, supervised);
        List<String> read = columns.names().stream().filter(present::contains).toList();
        ConversationRows.Reader<SftExample> reader =
                (json, cleaner) -> new SftRecords(columns, supervised, cleaner).read(json);
        return new Reading.JsonObjects<>(read, new ConversationRows<>(reader, data.maxTextBytes()));
    }

    private SftColumns columns(RawSource source, TokenizerFiles files, boolean supervised) {
        SftColumns columns = SftColumns.of(source.key() + ": " + source.path(), source.columns(), supervised);
        if (columns == SftColumns.PROMPT) {
            // Prompts and completions may be texts, which need no template.
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

    /** Of a conversation the prompt is what comes before the assistant's last turn, which need not be there. */
    @Override
    public Function<CleanRow<SftExample>, TaskInput> usableInputs(TextTokenizer tokenizer, TokenizerFiles files) {
        SftEncoder encoder = encoder(tokenizer, files);
        return row -> ExampleEncoding.input(encoder, row.content(), row.file());
    }
}
