package io.github.sparkfinetune.data.task.language;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.MaskedLmConfig;
import io.github.sparkfinetune.conf.Overlong;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.DropReason;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleDraws;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.mask.MaskingVocabulary;
import io.github.sparkfinetune.data.mask.TokenMasking;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.SampleSink;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.TextRows;
import io.github.sparkfinetune.data.tokenizer.Encoded;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * Task {@code masked-lm}: each text is a document with the tokens of {@code tokenizer(text)}. With packing {@code none}
 * a document is a sample, as {@code run_mlm.py} of {@code transformers} makes it with {@code line_by_line}. With
 * {@code wrapped} all texts are concatenated and cut every {@code data.max_length} tokens, as without
 * {@code line_by_line}. Stored samples are not masked; a sample is masked each time it is taken.
 *
 * @param model name of the model in messages
 * @param masking choice of the masked tokens
 * @param seed seed of the training
 */
public record MaskedLmData(String model, DataConfig data, MaskedLmConfig masking, long seed) implements DocumentData {
    private static final String NO_MASK_TOKEN = "no_mask_token";

    public static MaskedLmData of(RunConfig config) {
        return new MaskedLmData(
                config.model(),
                config.data(),
                config.maskedLm(),
                config.training().seed());
    }

    @Override
    public void check(TokenizerFiles files) {
        TextRows.refusePair(data);
        draws(files);
    }

    @Override
    public Encoder<TextRows.Content> encoder(
            TextTokenizer tokenizer, TokenizerFiles files, String key, List<String> labels) {
        MaskingVocabulary vocabulary = MaskingVocabulary.ofTokens(model, files);
        int limit = DocumentSamples.limit(data);
        return row ->
                DocumentSamples.bytes(document(tokenizer.encode(row.content().text(), null, limit), vocabulary), false);
    }

    private Document document(Encoded encoded, MaskingVocabulary vocabulary) {
        if (encoded.truncated() && data.overlong() == Overlong.DROP) {
            return Document.dropped(DropReason.OVERLONG);
        }
        int[] labels = vocabulary.maskable(encoded.inputIds());
        return hasNone(labels)
                ? Document.dropped(DropReason.NO_LABELLED_TOKEN)
                : new Document(encoded.inputIds(), labels, encoded.truncated(), null);
    }

    private static boolean hasNone(int[] labels) {
        return Arrays.stream(labels).allMatch(label -> label == Sample.IGNORED);
    }

    @Override
    public SampleSink sink(SampleOutput output, List<String> labels) {
        return new DocumentSamples(data, output, this::predicted);
    }

    @Override
    public long predicted(Sample sample) {
        return sample.labelledTokens();
    }

    @Override
    public SampleDraws draws(TokenizerFiles files) {
        MaskingVocabulary vocabulary =
                masking.wholeWordMask() ? MaskingVocabulary.of(model, files) : MaskingVocabulary.ofTokens(model, files);
        if (masking.wholeWordMask() && vocabulary.words().isEmpty()) {
            throw RunException.config("masked_lm.whole_word_mask: true is not possible, the tokens of " + model
                    + " do not tell where words begin (neither WordPiece, ByteLevel nor Metaspace): set it to false");
        }
        return new TokenMasking(vocabulary, masking, seed, data.seed());
    }

    /** Returns inputs for texts whose mask tokens are filled in. */
    @Override
    public Function<CleanRow<TextRows.Content>, TaskInput> usableInputs(TextTokenizer tokenizer, TokenizerFiles files) {
        MaskingVocabulary vocabulary = MaskingVocabulary.ofTokens(model, files);
        return row -> {
            String text = row.content().text();
            int[] ids = tokenizer.encode(text, null, data.maxLength()).inputIds();
            // A label marks the place of a prediction; the right token there is unknown.
            int[] labels = vocabulary.masks(ids);
            return hasNone(labels)
                    ? TaskInput.bad(row.file(), NO_MASK_TOKEN)
                    : TaskInput.text(row.file(), text, null, Sample.ofDocuments(0, ids, labels, ids.length));
        };
    }
}
