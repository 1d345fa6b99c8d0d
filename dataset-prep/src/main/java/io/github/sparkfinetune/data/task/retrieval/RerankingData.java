package io.github.sparkfinetune.data.task.retrieval;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.Packing;
import io.github.sparkfinetune.conf.RerankingConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
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
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Task {@code reranking}: a query with its documents is a sample. Each document of the sample has the tokens of the
 * pair of both, and a target, its relevance. A row is a pair with its relevance; with {@code reranking.negative} it is
 * a query with a document that belongs to it, which comes first, and documents that do not. Tokens are those of
 * {@code sentence-transformers}.
 */
public record RerankingData(DataConfig data, RerankingConfig reranking) implements TaskData<RelatedTexts> {
    /** Name of the group of rows with one query, which are held out together. */
    private static final String GROUP = "text";

    public static RerankingData of(RunConfig config) {
        return new RerankingData(config.data(), config.reranking());
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
            throw RunException.config("data.packing: a pair of texts is scored by itself, texts of task reranking are"
                    + " not packed: leave it out");
        }
    }

    @Override
    public Reading<RelatedTexts> reading(RawSource source, TokenizerFiles files, boolean supervised) {
        RelatedTextReader texts = new RelatedTextReader(
                data.text(),
                data.textPair(),
                reranking.negative(),
                reranking.numNegatives(),
                label(),
                reranking.comparesLists());
        texts.requirePair("reranking");
        if (!supervised) {
            return pairsAlone(source);
        }
        TextRows.refuseBareTexts(source, "hold no pairs", "jsonl, csv or parquet for task reranking");
        texts.requireColumns(source, "reranking");
        return new Reading.JsonObjects<>(
                texts.columns().stream().filter(source.columns()::contains).toList(),
                new JsonRows<>(new RankedTextReader(texts), TextCleaning.of(data)));
    }

    /** Returns the column of the relevance, or null. */
    private String label() {
        return reranking.comparesLists() ? null : data.label();
    }

    private Reading<RelatedTexts> pairsAlone(RawSource source) {
        Reading.Texts<TextRows.Content> pairs = (Reading.Texts<TextRows.Content>) TextRows.reading(data, source, null);
        RowCleaner.Factory<TextRows.Content> cleaners = pairs.cleaner();
        return new Reading.Texts<>(pairs.columns(), byModel -> {
            RowCleaner<TextRows.Content> cleaner = cleaners.open(byModel);
            return row -> related(cleaner.clean(row));
        });
    }

    private static CleanRow<RelatedTexts> related(CleanRow<TextRows.Content> pair) {
        if (pair.badBecause() == null && pair.content().pair().isBlank()) {
            return CleanRow.bad(pair.file(), UnusableRowException.EMPTY);
        }
        return pair.map(content -> new RelatedTexts(content.text(), List.of(content.pair()), List.of()));
    }

    @Override
    public Optional<String> groupName() {
        return Optional.of(GROUP);
    }

    @Override
    public byte[] group(RelatedTexts row) {
        return row.text().getBytes(StandardCharsets.UTF_8);
    }

    /** Returns each document as a pair with the query. */
    private List<Encoded> encoded(TextTokenizer tokenizer, RelatedTexts row) {
        return row.others().stream()
                .map(other -> tokenizer.encode(row.text(), other, data.maxLength()))
                .toList();
    }

    @Override
    public Encoder<RelatedTexts> encoder(
            TextTokenizer tokenizer, TokenizerFiles files, String key, List<String> labels) {
        return new Encoder<>() {
            @Override
            public byte[] encode(CleanRow<RelatedTexts> row) {
                return bytes(row, "");
            }

            @Override
            public byte[] encodeHeldOut(CleanRow<RelatedTexts> row) {
                return bytes(
                        row, RankedTexts.of(row.content(), data.maxLength()).toJson());
            }

            private byte[] bytes(CleanRow<RelatedTexts> row, String shown) {
                List<Encoded> pairs = encoded(tokenizer, row.content());
                TextListSamples.requireTokens(pairs, key, row.file());
                return TextListSamples.bytes(pairs, row.content().scores(), shown);
            }
        };
    }

    @Override
    public SampleSink sink(SampleOutput output, List<String> labels) {
        return new TextListSamples(output, false);
    }

    @Override
    public SampleSchema schema() {
        return SampleSchema.ofDocuments(true).with(SampleSchema.Column.TOKEN_TYPE_IDS, SampleSchema.Column.TARGETS);
    }

    @Override
    public SampleSchema heldOutSchema() {
        return schema().with(SampleSchema.Column.ROW);
    }

    /** Returns all columns, because pairs of one query are ranked together, and its row has the query. */
    @Override
    public SampleSchema readWhileTraining() {
        return heldOutSchema();
    }

    @Override
    public DatasetOptions options(TokenizerFiles files) {
        return DatasetOptions.of(data, files, GROUP)
                .withColumns(data.text(), data.textPair(), label())
                .withRelated(new DatasetOptions.RelatedOptions(
                        reranking.negative(), reranking.comparesLists() ? reranking.numNegatives() : null, null, null));
    }

    @Override
    public Function<CleanRow<RelatedTexts>, TaskInput> usableInputs(TextTokenizer tokenizer, TokenizerFiles files) {
        return row -> {
            RelatedTexts pair = row.content();
            return TaskInput.text(
                    row.file(), pair.text(), pair.others().get(0), TextListSamples.sample(encoded(tokenizer, pair)));
        };
    }
}
