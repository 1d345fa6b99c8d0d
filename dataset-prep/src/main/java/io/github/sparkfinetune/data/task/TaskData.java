package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleDraws;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.Serializable;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * The data side of a task: reads a source, cleans its rows, tokenizes them, and makes samples. A task is one class and
 * a line of {@code TaskDatas}. The code that reads, shuffles and writes rows depends on no task.
 *
 * <p>The path of a row: {@link RawRow} → {@link RowCleaner} → {@link CleanRow} → {@link Encoder} → bytes, which are
 * shuffled → {@link SampleSink} → samples. Cleaning runs twice, because a first pass counts rows and labels and chooses
 * the held-out rows. It must give the same result both times. Every check of a row that needs no tokens belongs to
 * cleaning: only rows refused there count as bad rows before the split is made.
 *
 * <p>Implementations are small and serializable, because they are sent to every Spark task. The tokenizer's files may
 * be large, so they are passed in.
 *
 * @param <C> content of a cleaned row
 */
public interface TaskData<C> extends Serializable {

    /** Tokenizes the rows of one partition. Not for concurrent use. */
    interface Encoder<C> {
        /**
         * Encodes a row as bytes for the {@link SampleSink}.
         *
         * @throws RunException if the row cannot be used, though it was cleaned
         */
        byte[] encode(CleanRow<C> row);

        /**
         * Encodes a row that is, or may be, held out, with the texts that an evaluation shows.
         *
         * @throws RunException if the row cannot be used, though it was cleaned
         */
        default byte[] encodeHeldOut(CleanRow<C> row) {
            return encode(row);
        }
    }

    /** Returns the model's tokenizer as the task uses it; a trained model is saved with it. */
    default TokenizerFiles tokenizer(TokenizerFiles files) {
        return files;
    }

    /**
     * Checks that samples can be prepared, before anything is read.
     *
     * @throws RunException if the configuration has a value that the task cannot use, or the tokenizer lacks a part
     *     that it needs
     */
    void check(TokenizerFiles files);

    /**
     * Returns the reading of a source.
     *
     * @param supervised true if rows must have a label or an answer; false for rows to predict, which may lack it
     * @throws RunException if the source cannot be read for this task
     */
    Reading<C> reading(RawSource source, TokenizerFiles files, boolean supervised);

    /**
     * Returns the rows of each label, from the counts of a first pass over a source; empty for a task without labels.
     *
     * @param strata rows of each {@link CleanRow#stratum}
     * @param found rows of each of the {@link CleanRow#labels}
     */
    default Map<String, Long> rowsPerLabel(Map<String, Long> strata, Map<String, Long> found) {
        return found;
    }

    /**
     * Returns the label names in the order of their ids: sorted by number if all are numbers, else by name.
     *
     * @param found names in the training rows
     * @throws RunException if no model can be trained with these labels
     */
    default List<String> labelNames(Collection<String> found) {
        return LabelNames.sorted(found);
    }

    /**
     * Returns the name of the thing that held-out groups of rows share by default: {@code prompt}. Empty for a task
     * whose rows stand alone.
     */
    default Optional<String> groupName() {
        return Optional.empty();
    }

    /** Returns bytes that are equal for rows of one group; no bytes for a row that stands alone. */
    default byte[] group(C content) {
        return new byte[0];
    }

    /** Returns the text of a row, to compare it with other rows. */
    String text(C content);

    /**
     * Returns an encoder for one partition.
     *
     * @param key configuration key of the source, for messages
     * @param labels label names by id
     */
    Encoder<C> encoder(TextTokenizer tokenizer, TokenizerFiles files, String key, List<String> labels);

    /**
     * Returns a sink that makes the samples of one shard.
     *
     * @param labels label names by id
     */
    SampleSink sink(SampleOutput output, List<String> labels);

    /** Returns the ids of the labels that {@link SampleCounts} counts for a sample of a task with labels. */
    default int[] labels(Sample sample) {
        return WindowSamples.labels(sample);
    }

    /** Returns the number of predicted tokens that {@link SampleCounts} counts for a sample of documents. */
    default long predicted(Sample sample) {
        return sample.labelTokens();
    }

    /**
     * Returns the ids of the tokens with which a model learns to end its texts; none for a task that generates no text.
     */
    default Set<Integer> endTokenIds(TokenizerFiles files) {
        return Set.of();
    }

    /** Returns the columns of training samples. */
    SampleSchema schema();

    /** Returns the columns of held-out samples, some of which serve only the evaluation after the training. */
    default SampleSchema heldOutSchema() {
        return schema();
    }

    /** Returns the columns that training reads: all except those for the evaluation after it, or for a teacher. */
    default SampleSchema readWhileTraining() {
        Set<SampleSchema.Column> shown = new HashSet<>(heldOutSchema().columns());
        shown.removeAll(schema().columns());
        return SampleSchema.allBut(shown);
    }

    /**
     * Returns a training sample with the tokens of a teacher's tokenizer; by default the sample itself, for a teacher
     * with the model's own tokenizer.
     *
     * @param sample sample with all columns of {@link #schema}
     * @param maxLength largest number of tokens
     */
    default Sample forTeacher(Sample sample, TextTokenizer teacher, int maxLength) {
        return sample;
    }

    /** Returns the run's options for a manifest; the format is the configured one. */
    DatasetOptions options(TokenizerFiles files);

    /**
     * Returns the random changes made to a sample each time it is taken from the dataset; none by default.
     *
     * @throws RunException if the tokenizer lacks a token that the changes need
     */
    default SampleDraws draws(TokenizerFiles files) {
        return SampleDraws.NONE;
    }

    /** Returns a function from usable cleaned rows to inputs to predict from. The index of each input is 0. */
    Function<CleanRow<C>, TaskInput> usableInputs(TextTokenizer tokenizer, TokenizerFiles files);

    /** Returns {@link #usableInputs} extended to all rows: the input of an unusable row has the reason. */
    default Function<CleanRow<C>, TaskInput> inputs(TextTokenizer tokenizer, TokenizerFiles files) {
        Function<CleanRow<C>, TaskInput> usable = usableInputs(tokenizer, files);
        return row -> row.badBecause() == null ? usable.apply(row) : TaskInput.bad(row.file(), row.badBecause());
    }
}
