package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;

/**
 * The raw text and how it becomes samples.
 *
 * @param train the training text: file, folder or glob, any Hadoop file system
 * @param eval text held out during training, or null: then {@code evalFraction} of {@code train} is
 * @param test text for the final metrics, or null: then {@code testFraction} of {@code train} is
 * @param format text_folders, jsonl, csv, parquet, or auto (by the file's ending; a folder of folders is text_folders)
 * @param text column of the text
 * @param textPair column of a second text of the same sample, or null
 * @param label column of the label (text_folders: the folder's name is the label)
 * @param evalFraction share of every label's training rows held out for evaluation while training, [0, 1)
 * @param testFraction share of every label's training rows held out for the final metrics, [0, 1)
 * @param maxLength longest sample in tokens, special tokens included; a longer one is truncated and counted
 * @param maxTextBytes longest text in UTF-8 bytes before tokenization; a longer one is truncated and counted
 * @param maxBadFraction share of rows that may be unusable before the run fails, [0, 1]
 * @param deduplicate whether rows with equal text (after cleaning) are kept once
 * @param shards number of Parquet files a split is written as
 * @param seed derives the split and the order of the rows in the shards
 * @param chatTemplate sft: file of a Jinja chat template that replaces the model's own, or null
 * @param assistantOnlyLoss sft: whether the loss counts the assistant's turns (or the completion) only, their end
 *     tokens included; else all tokens
 * @param packing causal-lm, sft: how documents share a sample
 * @param overlong causal-lm without wrapped packing, sft: what becomes of a document above {@code maxLength}
 * @param dir folder of the prepared dataset, or null for {@code dataset} in the output folder
 */
public record DataConfig(
        String train,
        @OptionalKey String eval,
        @OptionalKey String test,
        DataFormat format,
        String text,
        @OptionalKey String textPair,
        String label,
        double evalFraction,
        double testFraction,
        int maxLength,
        int maxTextBytes,
        double maxBadFraction,
        boolean deduplicate,
        int shards,
        long seed,
        @OptionalKey String chatTemplate,
        boolean assistantOnlyLoss,
        Packing packing,
        Overlong overlong,
        @OptionalKey String dir)
        implements Serializable {

    /** How documents share a sample of {@code data.max_length} tokens; attention never crosses documents. */
    public enum Packing {
        /** A document is a sample. */
        @JsonProperty("none")
        NONE,
        /** Whole documents, best-fit decreasing (TRL: {@code packing_strategy: bfd}). */
        @JsonProperty("bfd")
        BFD,
        /**
         * All documents in a row, cut every {@code max_length} tokens (TRL: {@code wrapped}, HF: {@code group_texts}).
         */
        @JsonProperty("wrapped")
        WRAPPED
    }

    /** What becomes of a sample longer than {@code data.max_length}. */
    public enum Overlong {
        /** It is cut at its end, and counted. */
        @JsonProperty("truncate")
        TRUNCATE,
        /** It is left out, and counted. */
        @JsonProperty("drop")
        DROP
    }

    /** Format of raw text. */
    public enum DataFormat {
        /**
         * By the path: {@code .jsonl}/{@code .json}, {@code .csv}, {@code .parquet}, else a folder of label folders.
         */
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

    public DataConfig {
        Check.present("data.train", train);
        Check.present("data.format", format);
        Check.present("data.text", text);
        Check.present("data.label", label);
        Check.fraction("data.eval_fraction", evalFraction);
        Check.fraction("data.test_fraction", testFraction);
        Check.that(
                evalFraction + testFraction < 1,
                "data.eval_fraction",
                evalFraction,
                "below 1 together with data.test_fraction, so that rows are left to train on");
        Check.that(maxLength >= 8, "data.max_length", maxLength, "at least 8 tokens");
        Check.that(maxTextBytes >= 64, "data.max_text_bytes", maxTextBytes, "at least 64 bytes");
        Check.that(
                maxBadFraction >= 0 && maxBadFraction <= 1, "data.max_bad_fraction", maxBadFraction, "between 0 and 1");
        Check.present("data.packing", packing);
        Check.present("data.overlong", overlong);
        Check.that(shards >= 1, "data.shards", shards, "at least 1");
    }
}
