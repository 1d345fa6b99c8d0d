package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Format of raw text. */
public enum DataFormat {
    /** By the path: {@code .jsonl}/{@code .json}, {@code .csv}, {@code .parquet}, else a folder of label folders. */
    @JsonProperty("auto")
    AUTO,
    /** {@code LABEL/FILE.txt}: one sample a file, the folder's name is its label. */
    @JsonProperty("text_folders")
    TEXT_FOLDERS,
    /** One JSON object a line. */
    @JsonProperty("jsonl")
    JSONL,
    /** RFC 4180 with a header line. */
    @JsonProperty("csv")
    CSV,
    /** Parquet. */
    @JsonProperty("parquet")
    PARQUET
}
