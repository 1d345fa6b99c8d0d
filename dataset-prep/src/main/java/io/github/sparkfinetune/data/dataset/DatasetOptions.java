package io.github.sparkfinetune.data.dataset;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.sparkfinetune.conf.CorpusConfig;
import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataConfig.DataFormat;
import io.github.sparkfinetune.conf.DataConfig.Overlong;
import io.github.sparkfinetune.conf.DataConfig.Packing;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import java.io.Serializable;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * The options that decide the content of a dataset, as its manifest has them: keys of the configuration's {@code data}
 * section, and of a task's own.
 *
 * @param text column of the text, or null where rows are conversations
 * @param textPair column of the second text, or null where there is none
 * @param label column of the label, or null where there is none
 * @param format of the training text, found out: never {@code auto}
 * @param evalFraction 0 where the evaluation text is a source of its own
 * @param testFraction 0 where the test text is a source of its own
 * @param shards number of hash ranges; 0 while it is not known how much text there is
 * @param tokenizerSha256 hash of {@code tokenizer.json}, added tokens included
 * @param stride tokens that neighbouring windows of a long text have in common; absent (null) where texts are not cut
 *     into windows
 * @param documents how documents are made and packed; absent (null) where a sample is a text with a label
 * @param problemType {@code classification.problem_type}; absent (null) where texts have no label, or one
 * @param questionAnswering which questions there are; absent (null) where rows are none
 * @param encoding character set of the text; absent (null) for UTF-8
 * @param multiline true where texts of CSV may hold line ends, else absent (null); version 0.1 read all CSV so
 * @param corpus how the documents were prepared; absent (null) where nothing of it is used
 * @param splitBy what rows share that are held out together: columns, {@code [user, thread]}, or the task's default,
 *     {@code prompt}; absent (null) where rows are held out one by one, by time, or not at all
 * @param splitByTime column by which the newest rows are held out; absent (null) where there is none
 */
public record DatasetOptions(
        String text,
        String textPair,
        String label,
        String format,
        double evalFraction,
        double testFraction,
        int maxLength,
        int maxTextBytes,
        boolean deduplicate,
        int shards,
        long seed,
        String tokenizerSha256,
        @JsonInclude(JsonInclude.Include.NON_NULL) Integer stride,
        @JsonInclude(JsonInclude.Include.NON_NULL) DocumentOptions documents,
        @JsonInclude(JsonInclude.Include.NON_NULL) String problemType,
        @JsonInclude(JsonInclude.Include.NON_NULL) QuestionOptions questionAnswering,
        @JsonInclude(JsonInclude.Include.NON_NULL) String encoding,
        @JsonInclude(JsonInclude.Include.NON_NULL) Boolean multiline,
        @JsonInclude(JsonInclude.Include.NON_NULL) CorpusConfig corpus,
        @JsonInclude(JsonInclude.Include.NON_NULL) String splitBy,
        @JsonInclude(JsonInclude.Include.NON_NULL) String splitByTime)
        implements Serializable {

    /**
     * How documents are made and packed.
     *
     * @param overlong null where the packing cuts documents
     * @param assistantOnlyLoss null where there are no conversations
     * @param chatTemplateSha256 hash of the chat template, or null where none is used
     */
    public record DocumentOptions(
            Packing packing, Overlong overlong, Boolean assistantOnlyLoss, String chatTemplateSha256)
            implements Serializable {}

    /**
     * Which questions there are: keys of the configuration's {@code question_answering} section.
     *
     * @param version2WithNegative whether they may have no answer
     */
    public record QuestionOptions(
            @JsonProperty("version_2_with_negative") boolean version2WithNegative) implements Serializable {}

    /** A run's options that every task has, with the format as it is configured, of a task whose rows stand alone. */
    public static DatasetOptions of(DataConfig data, TokenizerFiles tokenizer) {
        return of(data, tokenizer, null);
    }

    /**
     * A run's options that every task has, with the format as it is configured.
     *
     * @param group what rows share that the task holds out together by default, or null
     */
    public static DatasetOptions of(DataConfig data, TokenizerFiles tokenizer, String group) {
        return new DatasetOptions(
                null,
                null,
                null,
                name(data.format()),
                data.eval() == null ? data.evalFraction() : 0,
                data.test() == null ? data.testFraction() : 0,
                data.maxLength(),
                data.maxTextBytes(),
                data.deduplicates(),
                data.shards() == null ? 0 : data.shards(),
                data.seed(),
                tokenizer.sha256(),
                null,
                null,
                null,
                null,
                Charset.forName(data.encoding()).equals(StandardCharsets.UTF_8) ? null : data.encoding(),
                data.multiline() ? true : null,
                data.corpus().isUsed() ? data.corpus().withoutQuarantine() : null,
                splitBy(data, group),
                data.splitsOff() ? data.splitByTime() : null);
    }

    private static String splitBy(DataConfig data, String group) {
        if (!data.splitsOff() || data.splitByTime() != null) {
            return null;
        }
        if (data.splitBy() == null) {
            return group;
        }
        return data.splitBy().names().isEmpty() ? null : data.splitBy().names().toString();
    }

    /** With the format that a source was found to have. */
    public DatasetOptions withFormat(DataFormat found) {
        return with(text, textPair, label, name(found), stride, documents, problemType, questionAnswering);
    }

    /** With a number of shards. */
    public DatasetOptions withShards(int number) {
        return new DatasetOptions(
                text,
                textPair,
                label,
                format,
                evalFraction,
                testFraction,
                maxLength,
                maxTextBytes,
                deduplicate,
                number,
                seed,
                tokenizerSha256,
                stride,
                documents,
                problemType,
                questionAnswering,
                encoding,
                multiline,
                corpus,
                splitBy,
                splitByTime);
    }

    /** With the names of columns; null for one that is not read. */
    public DatasetOptions withColumns(String textColumn, String pairColumn, String labelColumn) {
        return with(textColumn, pairColumn, labelColumn, format, stride, documents, problemType, questionAnswering);
    }

    /** With how documents are made. */
    public DatasetOptions withDocuments(DocumentOptions made) {
        return with(text, textPair, label, format, stride, made, problemType, questionAnswering);
    }

    /** With what is predicted of texts; null where it is one label. */
    public DatasetOptions withProblemType(String type) {
        return with(text, textPair, label, format, stride, documents, type, questionAnswering);
    }

    /** With windows that have so many tokens in common. */
    public DatasetOptions withStride(int tokens) {
        return with(text, textPair, label, format, tokens, documents, problemType, questionAnswering);
    }

    /** With rows that are questions. */
    public DatasetOptions withQuestionAnswering(QuestionOptions questions) {
        return with(text, textPair, label, format, stride, documents, problemType, questions);
    }

    private DatasetOptions with(
            String textColumn,
            String pairColumn,
            String labelColumn,
            String found,
            Integer windowStride,
            DocumentOptions made,
            String type,
            QuestionOptions questions) {
        return new DatasetOptions(
                textColumn,
                pairColumn,
                labelColumn,
                found,
                evalFraction,
                testFraction,
                maxLength,
                maxTextBytes,
                deduplicate,
                shards,
                seed,
                tokenizerSha256,
                windowStride,
                made,
                type,
                questions,
                encoding,
                multiline,
                corpus,
                splitBy,
                splitByTime);
    }

    private static String name(DataFormat format) {
        return format.name().toLowerCase(Locale.ROOT);
    }
}
