package io.github.sparkfinetune.data.dataset;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.Overlong;
import io.github.sparkfinetune.conf.Packing;
import io.github.sparkfinetune.conf.corpus.CorpusConfig;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.redact.Redaction;
import java.io.Serializable;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Options that decide the content of a dataset, as its manifest has them: keys of the configuration's {@code data}
 * section, and of a task's section. In JSON all groups but {@code corpus} are one object.
 *
 * @param corpus preparation of the documents; absent (null) if nothing of {@code data.corpus} is used
 */
public record DatasetOptions(
        @JsonUnwrapped Columns columns,
        @JsonUnwrapped Source source,
        @JsonUnwrapped Texts texts,
        @JsonUnwrapped Storage storage,
        @JsonUnwrapped Samples samples,
        @JsonInclude(JsonInclude.Include.NON_NULL) CorpusConfig corpus,
        @JsonUnwrapped Split split)
        implements Serializable {

    /**
     * Columns of a row.
     *
     * @param text column of the text, or null if rows are conversations
     * @param textPair column of the second text, or null if there is none
     * @param label column of the label, or null if there is none
     */
    public record Columns(String text, String textPair, String label) implements Serializable {}

    /**
     * Reading of the training text.
     *
     * @param format format that was found, never {@code auto}
     * @param encoding character set of the text; absent (null) for UTF-8
     * @param multiline true if texts of CSV may contain line ends, else absent (null); version 0.1 read all CSV so
     */
    public record Source(
            String format,
            @JsonInclude(JsonInclude.Include.NON_NULL) String encoding,
            @JsonInclude(JsonInclude.Include.NON_NULL) Boolean multiline)
            implements Serializable {}

    /**
     * Texts, and how they are tokenized.
     *
     * @param maxLength as {@code data.max_length}
     * @param maxTextBytes as {@code data.max_text_bytes}
     * @param deduplicate whether rows with equal text are kept once
     * @param tokenizerSha256 hash of {@code tokenizer.json}, added tokens included
     * @param redact personal data that is replaced; absent (null) if none is
     */
    public record Texts(
            int maxLength,
            int maxTextBytes,
            boolean deduplicate,
            String tokenizerSha256,
            @JsonInclude(JsonInclude.Include.NON_NULL) Redaction.Options redact)
            implements Serializable {
        /** Makes options of texts in which nothing is replaced. */
        public Texts(int maxLength, int maxTextBytes, boolean deduplicate, String tokenizerSha256) {
            this(maxLength, maxTextBytes, deduplicate, tokenizerSha256, null);
        }
    }

    /**
     * Shards.
     *
     * @param shards number of hash ranges; 0 while the amount of text is unknown
     * @param seed as {@code data.seed}
     * @param incremental true if the dataset grows by generations, else absent (null)
     * @param subject as {@code data.subject}; absent (null) without it
     * @param subjectKeyFile digits by which the key in {@code data.subject_key_file} is recognised; absent (null)
     *     without {@code data.subject}, and in the options of a command that reads no subject
     */
    public record Storage(
            int shards,
            long seed,
            @JsonInclude(JsonInclude.Include.NON_NULL) Boolean incremental,
            @JsonInclude(JsonInclude.Include.NON_NULL) String subject,
            @JsonInclude(JsonInclude.Include.NON_NULL) String subjectKeyFile)
            implements Serializable {
        /** Makes options of a dataset without subjects. */
        public Storage(int shards, long seed, Boolean incremental) {
            this(shards, seed, incremental, null, null);
        }

        /** Makes options of a dataset that does not grow. */
        public Storage(int shards, long seed) {
            this(shards, seed, null);
        }
    }

    /**
     * Samples of a task.
     *
     * @param stride tokens that neighbouring windows of a long text share; absent (null) if texts are not cut into
     *     windows
     * @param documents how documents are made and packed; absent (null) if a sample is a text with a label
     * @param problemType {@code classification.problem_type}; absent (null) if texts have no label, or one
     * @param questionAnswering kind of the questions; absent (null) if rows are not questions
     * @param related further texts of a row and their prompts; absent (null) if rows are not texts that belong together
     * @param teacher true if training samples have their texts and may lack labels, for a teacher; else absent (null)
     */
    public record Samples(
            @JsonInclude(JsonInclude.Include.NON_NULL) Integer stride,
            @JsonInclude(JsonInclude.Include.NON_NULL) DocumentOptions documents,
            @JsonInclude(JsonInclude.Include.NON_NULL) String problemType,
            @JsonInclude(JsonInclude.Include.NON_NULL) QuestionOptions questionAnswering,
            @JsonInclude(JsonInclude.Include.NON_NULL) RelatedOptions related,
            @JsonInclude(JsonInclude.Include.NON_NULL) Boolean teacher)
            implements Serializable {
        private static final Samples OF_TEXTS = new Samples(null, null, null, null, null);

        /** Makes options without a teacher. */
        public Samples(
                Integer stride,
                DocumentOptions documents,
                String problemType,
                QuestionOptions questionAnswering,
                RelatedOptions related) {
            this(stride, documents, problemType, questionAnswering, related, null);
        }

        private Samples of(
                Integer tokens, DocumentOptions made, String type, QuestionOptions questions, RelatedOptions texts) {
            return new Samples(tokens, made, type, questions, texts, teacher);
        }

        private Samples taught() {
            return new Samples(stride, documents, problemType, questionAnswering, related, true);
        }
    }

    /**
     * Rows that are held out.
     *
     * @param evalFraction 0 if the evaluation text is a source of its own
     * @param testFraction 0 if the test text is a source of its own
     * @param splitBy what rows share that are held out together: columns, {@code [user, thread]}, or the task's
     *     default, {@code prompt}; absent (null) if rows are held out one by one, by time, or not at all
     * @param splitByTime column by which the newest rows are held out; absent (null) if there is none
     */
    public record Split(
            double evalFraction,
            double testFraction,
            @JsonInclude(JsonInclude.Include.NON_NULL) String splitBy,
            @JsonInclude(JsonInclude.Include.NON_NULL) String splitByTime)
            implements Serializable {}

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
                new Columns(null, null, null),
                new Source(
                        name(data.format()),
                        Charset.forName(data.encoding()).equals(StandardCharsets.UTF_8) ? null : data.encoding(),
                        data.multiline() ? true : null),
                new Texts(
                        data.maxLength(),
                        data.maxTextBytes(),
                        data.deduplicates(),
                        tokenizer.sha256(),
                        redaction == null ? null : redaction.options()),
                new Storage(
                        data.shards() == null ? 0 : data.shards(),
                        data.seed(),
                        data.incremental() ? true : null,
                        data.subject(),
                        null),
                Samples.OF_TEXTS,
                data.corpus().isUsed() ? data.corpus().withoutQuarantine() : null,
                split(data, group));
    }

    private static Split split(DataConfig data, String group) {
        return new Split(
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
        Source read = new Source(name(found), source.encoding(), source.multiline());
        return new DatasetOptions(columns, read, texts, storage, samples, corpus, split);
    }

    /** Returns these options with a number of shards. */
    public DatasetOptions withShards(int number) {
        Storage sized =
                new Storage(number, storage.seed(), storage.incremental(), storage.subject(), storage.subjectKeyFile());
        return new DatasetOptions(columns, source, texts, sized, samples, corpus, split);
    }

    /** Returns these options with the digits by which the key of {@code data.subject} is recognised, or null. */
    public DatasetOptions withSubjectKey(String digits) {
        Storage keyed = new Storage(storage.shards(), storage.seed(), storage.incremental(), storage.subject(), digits);
        return new DatasetOptions(columns, source, texts, keyed, samples, corpus, split);
    }

    /** Returns these options with the names of columns; null for a column that is not read. */
    public DatasetOptions withColumns(String text, String textPair, String label) {
        return new DatasetOptions(new Columns(text, textPair, label), source, texts, storage, samples, corpus, split);
    }

    /** Returns these options with documents that are made and packed so. */
    public DatasetOptions withDocuments(DocumentOptions documents) {
        return with(
                samples.of(samples.stride, documents, samples.problemType, samples.questionAnswering, samples.related));
    }

    /** Returns these options with a kind of prediction; null for one label. */
    public DatasetOptions withProblemType(String type) {
        return with(samples.of(samples.stride, samples.documents, type, samples.questionAnswering, samples.related));
    }

    /** Returns these options with windows that share this many tokens. */
    public DatasetOptions withStride(int tokens) {
        return with(
                samples.of(tokens, samples.documents, samples.problemType, samples.questionAnswering, samples.related));
    }

    /** Returns these options with rows that are texts which belong together. */
    public DatasetOptions withRelated(RelatedOptions related) {
        return with(
                samples.of(samples.stride, samples.documents, samples.problemType, samples.questionAnswering, related));
    }

    /** Returns these options with rows that are questions. */
    public DatasetOptions withQuestionAnswering(QuestionOptions questions) {
        return with(samples.of(samples.stride, samples.documents, samples.problemType, questions, samples.related));
    }

    /** Returns these options with training samples for a teacher. */
    public DatasetOptions withTeacher() {
        return with(samples.taught());
    }

    private DatasetOptions with(Samples changed) {
        return new DatasetOptions(columns, source, texts, storage, changed, corpus, split);
    }

    private static String name(DataFormat format) {
        return format.name().toLowerCase(Locale.ROOT);
    }
}
