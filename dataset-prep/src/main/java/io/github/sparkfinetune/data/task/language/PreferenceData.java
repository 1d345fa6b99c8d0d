package io.github.sparkfinetune.data.task.language;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.Packing;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.DropReason;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.sft.PreferencePair;
import io.github.sparkfinetune.data.sft.PreferenceRecords;
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
 * Task {@code preference}: a prompt with a better and a worse answer is a sample of two documents, the better one
 * first. The tokens of the answers have labels. Tokens are those of TRL's {@code DPOTrainer}.
 *
 * @param template name of the chat template in messages
 */
public record PreferenceData(DataConfig data, String template) implements TaskData<PreferencePair> {

    public static PreferenceData of(RunConfig config) {
        String template = config.data().chatTemplate();
        return new PreferenceData(config.data(), template == null ? config.model() : template);
    }

    @Override
    public String text(PreferencePair content) {
        return content.text();
    }

    @Override
    public void check(TokenizerFiles files) {
        checkPairs(data, "preference");
    }

    /** Refuses settings that do not fit samples of two answers. */
    static void checkPairs(DataConfig data, String task) {
        TextRows.refusePair(data);
        TextRows.refuseCorpus(data);
        if (data.packing() != Packing.NONE) {
            throw RunException.config("data.packing: a pair of answers is a sample of task " + task + ", pairs are not"
                    + " packed: leave it out");
        }
    }

    @Override
    public Reading<PreferencePair> reading(RawSource source, TokenizerFiles files, boolean supervised) {
        TextRows.refuseBareTexts(source, "hold no preferences", "jsonl, csv or parquet for task preference");
        List<String> present = source.columns();
        requireColumns(source, supervised);
        List<String> read = Stream.of(
                        PreferenceRecords.PROMPT,
                        PreferenceRecords.CHOSEN,
                        PreferenceRecords.REJECTED,
                        PreferenceRecords.TOOLS)
                .filter(present::contains)
                .toList();
        JsonRows.Reader<PreferencePair> reader = supervised
                ? (json, cleaner) -> new PreferenceRecords(cleaner).read(json)
                : (json, cleaner) -> new PreferenceRecords(cleaner).readPrompt(json);
        return new Reading.JsonObjects<>(read, new JsonRows<>(reader, TextCleaning.of(data)));
    }

    private static void requireColumns(RawSource source, boolean supervised) {
        if (supervised || !source.columns().contains(PreferenceRecords.PROMPT)) {
            requirePairs(source, "preference", supervised ? "" : "prompt alone; ");
        }
    }

    /**
     * Refuses a source without pairs of answers. A source of JSON lines without rows has no columns; it is refused when
     * rows are counted.
     *
     * @param others other columns that the task reads, for the message
     */
    static void requirePairs(RawSource source, String task, String others) {
        List<String> present = source.columns();
        if (present.isEmpty() || present.containsAll(List.of(PreferenceRecords.CHOSEN, PreferenceRecords.REJECTED))) {
            return;
        }
        throw RunException.config(source.key() + ": " + source.path() + " lacks columns of task " + task + " (" + others
                + "prompt, chosen and rejected; chosen and rejected with the prompt in both), its columns are "
                + String.join(", ", present.stream().sorted().toList()));
    }

    @Override
    public Optional<String> groupName() {
        return Optional.of(SftRecords.PROMPT_GROUP);
    }

    @Override
    public byte[] group(PreferencePair pair) {
        return SftRecords.prompt(pair.chosen());
    }

    private SftEncoder encoder(TextTokenizer tokenizer, TokenizerFiles files) {
        return new SftEncoder(tokenizer, files, template, new SftLoss(true, false));
    }

    @Override
    public Encoder<PreferencePair> encoder(
            TextTokenizer tokenizer, TokenizerFiles files, String key, List<String> labels) {
        SftEncoder encoder = encoder(tokenizer, files);
        return row -> {
            Document chosen = ExampleEncoding.document(encoder, row.content().chosen(), key, row.file());
            Document rejected = ExampleEncoding.document(encoder, row.content().rejected(), key, row.file());
            int prompt = Math.min(chosen.firstLabel(), rejected.firstLabel());
            return PreferenceSamples.bytes(answered(chosen, prompt), answered(rejected, prompt), false);
        };
    }

    /** Labels a document from the place where the answers of both documents begin. */
    private Document answered(Document document, int prompt) {
        if (prompt == 0) {
            return Document.dropped(DropReason.EMPTY_PROMPT);
        }
        return prompt < data.maxLength()
                ? document.labelledFrom(prompt).limited(data.maxLength(), data.overlong())
                : Document.dropped(DropReason.LABELS_CUT_OFF);
    }

    @Override
    public SampleSink sink(SampleOutput output, List<String> labels) {
        return new PreferenceSamples(output);
    }

    @Override
    public Set<Integer> endTokenIds(TokenizerFiles files) {
        return files.special().endIds();
    }

    @Override
    public SampleSchema schema() {
        return SampleSchema.ofDocuments(false);
    }

    @Override
    public DatasetOptions options(TokenizerFiles files) {
        return DatasetOptions.of(data, files, SftRecords.PROMPT_GROUP)
                .withColumns(null, data.textPair(), null)
                .withDocuments(new DatasetOptions.DocumentOptions(
                        data.packing(), data.overlong(), null, files.chatTemplateSha256()));
    }

    @Override
    public Function<CleanRow<PreferencePair>, TaskInput> usableInputs(TextTokenizer tokenizer, TokenizerFiles files) {
        SftEncoder encoder = encoder(tokenizer, files);
        return row -> ExampleEncoding.input(encoder, row.content().chosen(), row.file());
    }
}
