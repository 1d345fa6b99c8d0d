package io.github.sparkfinetune.data.task.language;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.Packing;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema.Column;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.sft.RatedAnswer;
import io.github.sparkfinetune.data.sft.RatedRecords;
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
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Task {@code unpaired-preference}: a prompt with an answer that is rated good or bad is a sample of two documents. The
 * first is the prompt with its answer. The second is the prompt with the answer of another row, which shows how far the
 * model has moved from its start.
 *
 * <p>Tokens are those of TRL's {@code KTOTrainer}. TRL takes the previous answer in its data set, this task the next
 * answer in the shard.
 *
 * @param template name of the chat template in messages
 */
public record UnpairedPreferenceData(DataConfig data, String template) implements TaskData<RatedAnswer> {

    public static UnpairedPreferenceData of(RunConfig config) {
        String template = config.data().chatTemplate();
        return new UnpairedPreferenceData(config.data(), template == null ? config.model() : template);
    }

    @Override
    public String text(RatedAnswer content) {
        return content.example().text();
    }

    @Override
    public void check(TokenizerFiles files) {
        TextRows.refusePair(data);
        TextRows.refuseCorpus(data);
        if (data.packing() != Packing.NONE) {
            throw RunException.config("data.packing: an answer is a sample of task unpaired-preference, answers are not"
                    + " packed: leave it out");
        }
    }

    @Override
    public Reading<RatedAnswer> reading(RawSource source, TokenizerFiles files, boolean supervised) {
        TextRows.refuseBareTexts(source, "hold no answers", "jsonl, csv or parquet for task unpaired-preference");
        List<String> present = source.columns();
        requireColumns(source, supervised);
        String label = data.label();
        List<String> read = Stream.concat(SftColumns.PROMPT.names().stream(), Stream.of(label))
                .filter(present::contains)
                .toList();
        JsonRows.Reader<RatedAnswer> reader = supervised
                ? (json, cleaner) -> new RatedRecords(label, cleaner).read(json)
                : (json, cleaner) -> new RatedRecords(label, cleaner).readPrompt(json);
        return new Reading.JsonObjects<>(read, new JsonRows<>(reader, TextCleaning.of(data)));
    }

    /**
     * Refuses a source without columns of the task. A source of JSON lines without rows has no columns; it is refused
     * when rows are counted.
     */
    private void requireColumns(RawSource source, boolean supervised) {
        List<String> present = source.columns();
        List<String> needed = supervised
                ? List.of(RatedRecords.PROMPT, RatedRecords.COMPLETION, data.label())
                : List.of(RatedRecords.PROMPT);
        if (present.isEmpty() || present.containsAll(needed)) {
            return;
        }
        throw RunException.config(source.key() + ": " + source.path() + " lacks columns of task unpaired-preference ("
                + String.join(", ", needed) + "), its columns are "
                + String.join(", ", present.stream().sorted().toList()));
    }

    @Override
    public Optional<String> groupName() {
        return Optional.of(SftRecords.PROMPT_GROUP);
    }

    @Override
    public byte[] group(RatedAnswer rated) {
        return SftRecords.prompt(rated.example());
    }

    private SftEncoder encoder(TextTokenizer tokenizer, TokenizerFiles files) {
        return new SftEncoder(tokenizer, files, template, new SftLoss(true, false));
    }

    @Override
    public Encoder<RatedAnswer> encoder(
            TextTokenizer tokenizer, TokenizerFiles files, String key, List<String> labels) {
        SftEncoder encoder = encoder(tokenizer, files);
        return row -> {
            RatedAnswer rated = row.content();
            Document document = ExampleEncoding.document(encoder, rated.example(), key, row.file());
            return UnpairedPreferenceSamples.bytes(document.labelledFrom(document.firstLabel()), rated.desirable());
        };
    }

    @Override
    public SampleSink sink(SampleOutput output, List<String> labels) {
        return new UnpairedPreferenceSamples(data, output);
    }

    @Override
    public Set<Integer> endTokenIds(TokenizerFiles files) {
        return files.special().endIds();
    }

    @Override
    public SampleSchema schema() {
        return SampleSchema.ofDocuments(false).with(Column.LABEL);
    }

    @Override
    public DatasetOptions options(TokenizerFiles files) {
        return DatasetOptions.of(data, files, SftRecords.PROMPT_GROUP)
                .withColumns(null, data.textPair(), data.label())
                .withDocuments(new DatasetOptions.DocumentOptions(
                        data.packing(), data.overlong(), null, files.chatTemplateSha256()));
    }

    @Override
    public Function<CleanRow<RatedAnswer>, TaskInput> usableInputs(TextTokenizer tokenizer, TokenizerFiles files) {
        SftEncoder encoder = encoder(tokenizer, files);
        return row -> ExampleEncoding.input(encoder, row.content().example(), row.file());
    }
}
