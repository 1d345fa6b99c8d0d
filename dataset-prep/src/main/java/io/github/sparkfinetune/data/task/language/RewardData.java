package io.github.sparkfinetune.data.task.language;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.Overlong;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.sft.PreferencePair;
import io.github.sparkfinetune.data.sft.PreferenceRecords;
import io.github.sparkfinetune.data.sft.RewardPair;
import io.github.sparkfinetune.data.sft.RewardRecords;
import io.github.sparkfinetune.data.sft.SftColumns;
import io.github.sparkfinetune.data.sft.SftEncoder;
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
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Task {@code reward}: a prompt with a better and a worse answer is a sample of two documents, the better one first.
 * Its target is the margin of the pair. Tokens are those of TRL's {@code RewardTrainer}. Rows to predict are answers to
 * score: conversations, instructions, or prompts and completions.
 *
 * @param template name of the chat template in messages
 */
public record RewardData(DataConfig data, String template) implements TaskData<RewardPair> {

    public static RewardData of(RunConfig config) {
        String template = config.data().chatTemplate();
        return new RewardData(config.data(), template == null ? config.model() : template);
    }

    @Override
    public TokenizerFiles tokenizer(TokenizerFiles files) {
        return files.withPadding();
    }

    @Override
    public String text(RewardPair content) {
        return content.answers().text();
    }

    @Override
    public void check(TokenizerFiles files) {
        PreferenceData.checkPairs(data, "reward");
    }

    @Override
    public Reading<RewardPair> reading(RawSource source, TokenizerFiles files, boolean supervised) {
        TextRows.refuseBareTexts(source, "hold no answers", "jsonl, csv or parquet for task reward");
        if (supervised) {
            PreferenceData.requirePairs(source, "reward", "");
            Stream<String> read = Stream.of(
                    PreferenceRecords.PROMPT,
                    PreferenceRecords.CHOSEN,
                    PreferenceRecords.REJECTED,
                    PreferenceRecords.TOOLS,
                    RewardRecords.MARGIN);
            return reading(read, source, (json, cleaner) -> new RewardRecords(cleaner).read(json));
        }
        SftColumns columns = SftColumns.of(source.key() + ": " + source.path(), source.columns(), true);
        return reading(
                columns.names().stream(),
                source,
                (json, cleaner) -> RewardRecords.readAnswer(new SftRecords(columns, true, cleaner), json));
    }

    private Reading<RewardPair> reading(Stream<String> columns, RawSource source, JsonRows.Reader<RewardPair> reader) {
        return new Reading.JsonObjects<>(
                columns.filter(source.columns()::contains).toList(), new JsonRows<>(reader, TextCleaning.of(data)));
    }

    @Override
    public Optional<String> groupName() {
        return Optional.of(SftRecords.PROMPT_GROUP);
    }

    @Override
    public byte[] group(RewardPair pair) {
        return SftRecords.prompt(pair.answers().chosen());
    }

    private SftEncoder encoder(TextTokenizer tokenizer, TokenizerFiles files) {
        return new SftEncoder(tokenizer, files, template, new SftLoss(false, false));
    }

    @Override
    public Encoder<RewardPair> encoder(TextTokenizer tokenizer, TokenizerFiles files, String key, List<String> labels) {
        SftEncoder encoder = encoder(tokenizer, files);
        return row -> {
            PreferencePair answers = row.content().answers();
            Document chosen = ExampleEncoding.document(encoder, answers.chosen(), key, row.file());
            Document rejected = ExampleEncoding.document(encoder, answers.rejected(), key, row.file());
            return PreferenceSamples.bytes(
                    limited(chosen, data.overlong()),
                    limited(rejected, data.overlong()),
                    true,
                    row.content().margin());
        };
    }

    private Document limited(Document document, Overlong overlong) {
        return document.limited(data.maxLength(), overlong);
    }

    @Override
    public SampleSink sink(SampleOutput output, List<String> labels) {
        return new PreferenceSamples(output);
    }

    @Override
    public SampleSchema schema() {
        return SampleSchema.ofDocuments(true).with(SampleSchema.Column.TARGETS);
    }

    @Override
    public DatasetOptions options(TokenizerFiles files) {
        return DatasetOptions.of(data, files, SftRecords.PROMPT_GROUP)
                .withColumns(null, data.textPair(), null)
                .withDocuments(new DatasetOptions.DocumentOptions(
                        data.packing(), data.overlong(), null, files.chatTemplateSha256()));
    }

    @Override
    public Function<CleanRow<RewardPair>, TaskInput> usableInputs(TextTokenizer tokenizer, TokenizerFiles files) {
        SftEncoder encoder = encoder(tokenizer, files);
        return row -> input(encoder, tokenizer, row);
    }

    private TaskInput input(SftEncoder encoder, TextTokenizer tokenizer, CleanRow<RewardPair> row) {
        try {
            Document whole = encoder.encode(row.content().answers().chosen());
            int[] ids = limited(whole, Overlong.TRUNCATE).inputIds();
            return ids.length == 0
                    ? TaskInput.bad(row.file(), UnusableRowException.EMPTY)
                    : TaskInput.text(
                            row.file(),
                            tokenizer.decodeWhole(whole.inputIds()),
                            null,
                            new Sample(0, ids, new int[ids.length], -1));
        } catch (RunException e) {
            // The template refuses this conversation, and may accept the next one.
            return TaskInput.bad(row.file(), e.getMessage());
        }
    }
}
