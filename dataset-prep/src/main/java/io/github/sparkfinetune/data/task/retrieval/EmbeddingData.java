package io.github.sparkfinetune.data.task.retrieval;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.EmbeddingConfig;
import io.github.sparkfinetune.conf.EmbeddingConfig.Side;
import io.github.sparkfinetune.conf.Packing;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.JsonRows;
import io.github.sparkfinetune.data.task.RawSource;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.RowCleaner;
import io.github.sparkfinetune.data.task.SampleSink;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.TextCleaning;
import io.github.sparkfinetune.data.task.TextRows;
import io.github.sparkfinetune.data.tokenizer.Encoded;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Task {@code embedding}: a text with one that belongs to it, and with texts that do not, is a sample of as many
 * documents, in this order. With {@code embedding.loss} {@code cosent} a sample is a pair, and its target is its score.
 * Each text begins with the prompt of its side. Tokens are those of {@code sentence-transformers}.
 */
public record EmbeddingData(DataConfig data, EmbeddingConfig embedding) implements TaskData<RelatedTexts> {
    /** Name of the group of rows with one text, which are held out together. */
    private static final String GROUP = "text";

    public static EmbeddingData of(RunConfig config) {
        return new EmbeddingData(config.data(), config.embedding());
    }

    /** Returns the task for pairs without scores and negatives. */
    public EmbeddingData ofPairs() {
        return new EmbeddingData(data, embedding.ofPairs());
    }

    @Override
    public TokenizerFiles tokenizer(TokenizerFiles files) {
        return files.withPadding();
    }

    @Override
    public String text(RelatedTexts content) {
        return content.joined();
    }

    @Override
    public void check(TokenizerFiles files) {
        TextRows.refuseCorpus(data);
        if (data.packing() != Packing.NONE) {
            throw RunException.config(
                    "data.packing: a text is embedded by itself, texts of task embedding are not packed: leave it out");
        }
    }

    @Override
    public Reading<RelatedTexts> reading(RawSource source, TokenizerFiles files, boolean supervised) {
        if (!supervised) {
            return textsAlone(source);
        }
        TextRows.refuseBareTexts(source, "hold no pairs", "jsonl, csv or parquet for task embedding");
        boolean isScored = embedding.comparesScores();
        RelatedTextReader reader = new RelatedTextReader(
                data.text(),
                data.textPair(),
                embedding.negative(),
                embedding.numNegatives(),
                isScored ? data.label() : null,
                !isScored);
        reader.requirePair("embedding");
        reader.requireColumns(source, "embedding");
        return new Reading.JsonObjects<>(
                reader.columns().stream().filter(source.columns()::contains).toList(),
                new JsonRows<>(reader, TextCleaning.of(data)));
    }

    private Reading<RelatedTexts> textsAlone(RawSource source) {
        Reading.Texts<TextRows.Content> texts =
                (Reading.Texts<TextRows.Content>) TextRows.reading(data.withoutPair(), source, null);
        RowCleaner.Factory<TextRows.Content> cleaners = texts.cleaner();
        return new Reading.Texts<>(texts.columns(), byModel -> {
            RowCleaner<TextRows.Content> cleaner = cleaners.open(byModel);
            return row -> cleaner.clean(row).map(content -> new RelatedTexts(content.text(), List.of(), List.of()));
        });
    }

    @Override
    public Optional<String> groupName() {
        return Optional.of(GROUP);
    }

    @Override
    public byte[] group(RelatedTexts row) {
        return row.text().getBytes(StandardCharsets.UTF_8);
    }

    private Encoded encoded(TextTokenizer tokenizer, String text, Side side) {
        return tokenizer.encode(embedding.prompt(side) + text, null, data.maxLength());
    }

    @Override
    public Encoder<RelatedTexts> encoder(
            TextTokenizer tokenizer, TokenizerFiles files, String key, List<String> labels) {
        return row -> {
            List<Encoded> texts = new ArrayList<>();
            texts.add(encoded(tokenizer, row.content().text(), Side.QUERY));
            row.content().others().forEach(other -> texts.add(encoded(tokenizer, other, Side.DOCUMENT)));
            TextListSamples.requireTokens(texts, key, row.file());
            return TextListSamples.bytes(texts, row.content().scores(), "");
        };
    }

    @Override
    public SampleSink sink(SampleOutput output, List<String> labels) {
        return new TextListSamples(output, !embedding.comparesScores() && embedding.negative() == null);
    }

    @Override
    public SampleSchema schema() {
        SampleSchema documents = SampleSchema.ofDocuments(true);
        return embedding.comparesScores() ? documents.with(SampleSchema.Column.TARGETS) : documents;
    }

    @Override
    public DatasetOptions options(TokenizerFiles files) {
        return DatasetOptions.of(data, files, GROUP)
                .withColumns(data.text(), data.textPair(), embedding.comparesScores() ? data.label() : null)
                .withRelated(new DatasetOptions.RelatedOptions(
                        embedding.negative(),
                        embedding.negative() == null ? null : embedding.numNegatives(),
                        embedding.queryPrompt(),
                        embedding.documentPrompt()));
    }

    @Override
    public Function<CleanRow<RelatedTexts>, TaskInput> usableInputs(TextTokenizer tokenizer, TokenizerFiles files) {
        return row -> {
            String text = row.content().text();
            Encoded encoded = encoded(tokenizer, text, embedding.predictAs());
            return TaskInput.text(row.file(), text, null, TextListSamples.sample(List.of(encoded)));
        };
    }
}
