package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Format of raw text. A constant states what holds for the rows of its format before any row is read; without a fact
 * they have columns with names and types, in files. {@code SourceFormat} of spark-jobs reads the rows.
 */
@SuppressWarnings("ImmutableEnumChecker") // A record of texts and a set of Set.of do not change.
public enum DataFormat {
    /**
     * Chosen by the path: {@code .jsonl}/{@code .json}, {@code .csv} or {@code .parquet}; otherwise a folder of label
     * folders.
     */
    @JsonProperty("auto")
    AUTO,
    /** One text in each file {@code LABEL/FILE.txt}; the folder's name is the label if the task needs one. */
    @JsonProperty("text_folders")
    TEXT_FOLDERS(new BareText("text folders, where a file is one text", "is a folder of texts"), Fact.LABEL_FOLDERS),
    /** One text without a label in each line. */
    @JsonProperty("text")
    TEXT(new BareText("lines", "is read as lines"), Fact.UNNAMED),
    /** One JSON object in each line. */
    @JsonProperty("jsonl")
    JSONL(Fact.OPEN_COLUMNS),
    /** RFC 4180 with a header line. */
    @JsonProperty("csv")
    CSV(Fact.QUOTED_FIELDS),
    /** Parquet. */
    @JsonProperty("parquet")
    PARQUET,
    /**
     * A table of Spark's catalog. Every source that begins with {@code table:} is a table, even if other sources are
     * files.
     */
    @JsonProperty("table")
    TABLE(Fact.CATALOG),
    /** SQuAD's nested JSON of version 1 or 2, for question-answering. */
    @JsonProperty("squad")
    SQUAD(Fact.QUESTIONS, Fact.UNNAMED);

    /**
     * Rows that are only a text, in the words of messages.
     *
     * @param rows what the rows are, such as "lines"
     * @param source predicate about a source, such as "is read as lines"
     */
    public record BareText(String rows, String source) {}

    private enum Fact {
        LABEL_FOLDERS,
        OPEN_COLUMNS,
        QUOTED_FIELDS,
        CATALOG,
        QUESTIONS,
        UNNAMED
    }

    private final BareText bareText;
    private final Set<Fact> facts;

    DataFormat(Fact... facts) {
        this(null, facts);
    }

    DataFormat(BareText bareText, Fact... facts) {
        this.bareText = bareText;
        this.facts = Set.of(facts);
    }

    /** Returns the format with a name in {@code data.format}. */
    public static DataFormat of(String configName) {
        return valueOf(configName.toUpperCase(Locale.ROOT));
    }

    /** Returns the name in {@code data.format}. */
    public String configName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Returns whether the path of a source chooses the format. */
    public boolean isAuto() {
        return this == AUTO;
    }

    /** Returns the words for rows that are only a text; empty if rows have columns. */
    public Optional<BareText> bareText() {
        return Optional.ofNullable(bareText);
    }

    /** Returns whether a file is one text, and the name of its folder the label. */
    public boolean hasLabelFolders() {
        return facts.contains(Fact.LABEL_FOLDERS);
    }

    /** Returns whether rows can have a label. */
    public boolean hasLabels() {
        return bareText == null || hasLabelFolders();
    }

    /** Returns whether rows may have columns that the first rows lack. */
    public boolean hasOpenColumns() {
        return facts.contains(Fact.OPEN_COLUMNS);
    }

    /**
     * Returns whether values are fields that may be in quotes: with {@code data.multiline} a quoted field holds line
     * ends, and an empty field is a value that is missing.
     */
    public boolean hasQuotedFields() {
        return facts.contains(Fact.QUOTED_FIELDS);
    }

    /** Returns whether sources are in Spark's catalog, not files. */
    public boolean isOfCatalog() {
        return facts.contains(Fact.CATALOG);
    }

    /** Returns whether rows are questions for question-answering, whose columns the format names. */
    public boolean isOfQuestions() {
        return facts.contains(Fact.QUESTIONS);
    }

    /** Returns whether {@code auto} chooses this format where it fits. */
    public boolean isChosenByAuto() {
        return !facts.contains(Fact.UNNAMED);
    }
}
