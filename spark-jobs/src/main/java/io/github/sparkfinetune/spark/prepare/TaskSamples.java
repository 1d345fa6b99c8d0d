package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.dataset.SampleColumns;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.pack.DocumentPacker;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.Serializable;
import org.apache.spark.sql.SparkSession;

/**
 * What a task makes of raw rows: how they are read, how a row is tokenized, and how samples are made of what the
 * shuffle brings.
 *
 * @param <C> a cleaned row's content
 */
interface TaskSamples<C> extends Serializable {

    /** Tokenizes the rows of one partition. */
    interface Encoder<C> {
        /**
         * A row as it travels through the shuffle (see {@link ShuffledSample}).
         *
         * @param source place of its source among {@link ShardWriter#SPLITS}
         */
        byte[] encode(CleanRow<C> row, int source);
    }

    /**
     * What the run's task makes.
     *
     * @throws RunException if the tokenizer lacks what the task needs, or the configuration has what it cannot use
     */
    static TaskSamples<?> of(RunConfig config, TokenizerFiles tokenizer) {
        DataConfig data = config.data();
        if (config.task().generates() && data.textPair() != null) {
            throw RunException.config("data.text_pair: " + data.textPair() + " is for task classification: remove it");
        }
        return switch (config.task()) {
            case CLASSIFICATION -> new ClassificationSamples(data);
            case CAUSAL_LM -> CausalLmSamples.of(config, tokenizer);
            case SFT -> SftSamples.of(config);
        };
    }

    /** Whether rows have a label. */
    boolean labelled();

    /**
     * Reads the sources, with all that is to be learnt.
     *
     * @param files the tokenizer that the rows will be tokenized with
     */
    SourceReader<C> reader(SparkSession spark, TokenizerFiles files);

    /**
     * Opens the tokenization of one partition.
     *
     * @param key configuration key of the source, for messages
     */
    Encoder<C> encoder(TextTokenizer tokenizer, TokenizerFiles files, String key);

    /** Opens the making of the samples of one file. */
    SampleSink sink(DocumentPacker.Output output, int labels);

    /** Columns of the samples besides their input ids. */
    SampleColumns columns();
}
