package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Format of raw text. */
public enum DataFormat {
    /**
     * Chosen by the path: {@code .jsonl}/{@code .json}, {@code .csv} or {@code .parquet}; otherwise a folder of label
     * folders.
     */
    @JsonProperty("auto")
    AUTO,
    /** One text in each file {@code LABEL/FILE.txt}; the folder's name is the label if the task needs one. */
    @JsonProperty("text_folders")
    TEXT_FOLDERS,
    /** One text without a label in each line. */
    @JsonProperty("text")
    TEXT,
    /** One JSON object in each line. */
    @JsonProperty("jsonl")
    JSONL,
    /** RFC 4180 with a header line. */
    @JsonProperty("csv")
    CSV,
    /** Parquet. */
    @JsonProperty("parquet")
    PARQUET,
    /**
     * A table of Spark's catalog. Every source that begins with {@code table:} is a table, even if other sources are
     * files.
     */
    @JsonProperty("table")
    TABLE,
    /** SQuAD's nested JSON of version 1 or 2, for question-answering. */
    @JsonProperty("squad")
    SQUAD
}
