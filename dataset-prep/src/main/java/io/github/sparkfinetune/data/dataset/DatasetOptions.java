package io.github.sparkfinetune.data.dataset;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.Overlong;
import io.github.sparkfinetune.conf.Packing;
import io.github.sparkfinetune.conf.corpus.CorpusConfig;
import io.github.sparkfinetune.conf.key.Components;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.redact.Redaction;
import java.io.Serializable;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/**
 * Options that decide the content of a dataset, as its manifest has them: keys of the configuration's {@code data}
 * section, and of a task's section.
 *
 * @param text column of the text, or null if rows are conversations
 * @param textPair column of the second text, or null if there is none
 * @param label column of the label, or null if there is none
 * @param format format that was found, never {@code auto}
 * @param encoding character set of the text; absent (null) for UTF-8
 * @param multiline true if texts of CSV may contain line ends, else absent (null); version 0.1 read all CSV so
 * @param maxLength as {@code data.max_length}
 * @param maxTextBytes as {@code data.max_text_bytes}
 * @param deduplicate whether rows with equal text are kept once
 * @param tokenizerSha256 hash of {@code tokenizer.json}, added tokens included
 * @param redact personal data that is replaced; absent (null) if none is
 * @param shards number of hash ranges; 0 while the amount of text is unknown
 * @param seed as {@code data.seed}
 * @param incremental true if the dataset grows by generations, else absent (null)
 * @param subject as {@code data.subject}; absent (null) without it
 * @param subjectKeyFile digits by which the key in {@code data.subject_key_file} is recognised; absent (null) without
 *     {@code data.subject}, and in the options of a command that reads no subject
 * @param stride tokens that neighbouring windows of a long text share; absent (null) if texts are not cut into windows
 * @param documents how documents are made and packed; absent (null) if a sample is a text with a label
 * @param problemType {@code classification.problem_type}; absent (null) if texts have no label, or one
 * @param questionAnswering kind of the questions; absent (null) if rows are not questions
 * @param related further texts of a row and their prompts; absent (null) if rows are not texts that belong together
 * @param teacher true if training samples have their texts and may lack labels, for a teacher; else absent (null)
 * @param corpus preparation of the documents; absent (null) if nothing of {@code data.corpus} is used
 * @param evalFraction 0 if the evaluation text is a source of its own
 * @param testFraction 0 if the test text is a source of its own
 * @param splitBy what rows share that are held out together: columns, {@code [user, thread]}, or the task's default,
 *     {@code prompt}; absent (null) if rows are held out one by one, by time, or not at all
 * @param splitByTime column by which the newest rows are held out; absent (null) if there is none
 */
public record DatasetOptions(
        String text,
        String textPair,
        String label,
        String format,
        @JsonInclude(JsonInclude.Include.NON_NULL) String encoding,
        @JsonInclude(JsonInclude.Include.NON_NULL) Boolean multiline,
        int maxLength,
        int maxTextBytes,
        boolean deduplicate,
        String tokenizerSha256,
        @JsonInclude(JsonInclude.Include.NON_NULL) Redaction.Options redact,
        int shards,
        long seed,
        @JsonInclude(JsonInclude.Include.NON_NULL) Boolean incremental,
        @JsonInclude(JsonInclude.Include.NON_NULL) String subject,
        @JsonInclude(JsonInclude.Include.NON_NULL) String subjectKeyFile,
        @JsonInclude(JsonInclude.Include.NON_NULL) Integer stride,
        @JsonInclude(JsonInclude.Include.NON_NULL) DocumentOptions documents,
        @JsonInclude(JsonInclude.Include.NON_NULL) String problemType,
        @JsonInclude(JsonInclude.Include.NON_NULL) QuestionOptions questionAnswering,
        @JsonInclude(JsonInclude.Include.NON_NULL) RelatedOptions related,
        @JsonInclude(JsonInclude.Include.NON_NULL) Boolean teacher,
        @JsonInclude(JsonInclude.Include.NON_NULL) CorpusConfig corpus,
        double evalFraction,
        double testFraction,
        @JsonInclude(JsonInclude.Include.NON_NULL) String splitBy,
        @JsonInclude(JsonInclude.Include.NON_NULL) String splitByTime)
        implements Serializable {
    /**
     * Making and packing of documents.
     *
     * @param overlong null if the packing cuts documents
     * @param assistantOnlyLoss null if there are no conversations
     * @param chatTemplateSha256 hash of the chat template, or null if none is used
     */
    public record DocumentOptions(
            Packing packing, Overlong overlong, Boolean assistantOnlyLoss, String chatTemplateSha256)
            implements Serializable {}

    /**
     * Kind of the questions: keys of the configuration's {@code question_answering} section.
     *
     * @param version2WithNegative whether a question may have no answer
     */
    public record QuestionOptions(
            @JsonProperty("version_2_with_negative") boolean version2WithNegative) implements Serializable {}

    /**
     * Further texts of a row, and prompts.
     *
     * @param negative column of texts that do not belong to the row's text, or null
     * @param numNegatives largest number of these texts, or null
     * @param queryPrompt text before the row's text, or null
     * @param documentPrompt text before the other texts, or null
     */
    public record RelatedOptions(String negative, Integer numNegatives, String queryPrompt, String documentPrompt)
            implements Serializable {}

    /** Returns the options of texts in JSON Lines without columns, all of which are trained on. */
    public static DatasetOptions ofTexts(
            int maxLength, int maxTextBytes, boolean deduplicate, String tokenizerSha256, int shards, long seed) {
        return new DatasetOptions(
                null,
                null,
                null,
                DataFormat.JSONL.configName(),
                null,
                null,
                maxLength,
                maxTextBytes,
                deduplicate,
                tokenizerSha256,
                null,
                shards,
                seed,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                0,
                0,
                null,
                null);
    }

    /**
     * Returns the options of a run that every task has, with the configured format, for a task whose rows stand alone.
     */
    public static DatasetOptions of(DataConfig data, TokenizerFiles tokenizer) {
        return of(data, tokenizer, null);
    }

    /**
     * Returns the options of a run that every task has, with the configured format.
     *
     * @param group what rows share that the task holds out together by default, or null
     */
    public static DatasetOptions of(DataConfig data, TokenizerFiles tokenizer, String group) {
        Redaction redaction = Redaction.of(data.redact());
        return new DatasetOptions(
                null,
                null,
                null,
                data.format().configName(),
                Charset.forName(data.encoding()).equals(StandardCharsets.UTF_8) ? null : data.encoding(),
                data.multiline() ? true : null,
                data.maxLength(),
                data.maxTextBytes(),
                data.deduplicates(),
                tokenizer.sha256(),
                redaction == null ? null : redaction.options(),
                data.shards() == null ? 0 : data.shards(),
                data.seed(),
                data.incremental() ? true : null,
                data.subject(),
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                data.corpus().isUsed() ? data.corpus().withoutQuarantine() : null,
                data.eval() == null ? data.evalFraction() : 0,
                data.test() == null ? data.testFraction() : 0,
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

    /** Returns these options with the format that a source has. */
    public DatasetOptions withFormat(DataFormat found) {
        return Components.with(this, "format", found.configName());
    }

    /** Returns these options with a number of shards. */
    public DatasetOptions withShards(int number) {
        return Components.with(this, "shards", number);
    }

    /** Returns these options with the digits by which the key of {@code data.subject} is recognised, or null. */
    public DatasetOptions withSubjectKey(String digits) {
        return Components.with(this, "subjectKeyFile", digits);
    }

    /** Returns these options with the names of columns; null for a column that is not read. */
    public DatasetOptions withColumns(String newText, String newTextPair, String newLabel) {
        DatasetOptions named = Components.with(this, "text", newText);
        return Components.with(Components.with(named, "textPair", newTextPair), "label", newLabel);
    }

    /** Returns these options with documents that are made and packed so. */
    public DatasetOptions withDocuments(DocumentOptions made) {
        return Components.with(this, "documents", made);
    }

    /** Returns these options with a kind of prediction; null for one label. */
    public DatasetOptions withProblemType(String type) {
        return Components.with(this, "problemType", type);
    }

    /** Returns these options with windows that share this many tokens. */
    public DatasetOptions withStride(int tokens) {
        return Components.with(this, "stride", tokens);
    }

    /** Returns these options with rows that are texts which belong together. */
    public DatasetOptions withRelated(RelatedOptions texts) {
        return Components.with(this, "related", texts);
    }

    /** Returns these options with rows that are questions. */
    public DatasetOptions withQuestionAnswering(QuestionOptions questions) {
        return Components.with(this, "questionAnswering", questions);
    }

    /** Returns these options with training samples for a teacher. */
    public DatasetOptions withTeacher() {
        return Components.with(this, "teacher", true);
    }

    /** Returns these options with other rows that are held out. */
    public DatasetOptions withSplit(double eval, double test, String by, String byTime) {
        DatasetOptions shares = Components.with(Components.with(this, "evalFraction", eval), "testFraction", test);
        return Components.with(Components.with(shares, "splitBy", by), "splitByTime", byTime);
    }
}
