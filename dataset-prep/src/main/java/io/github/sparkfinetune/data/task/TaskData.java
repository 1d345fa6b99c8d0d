package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.SampleDraws;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import io.github.sparkfinetune.data.dataset.SampleSchema;
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
 * What a task is for data: what is read of a source, how a raw row becomes a cleaned one, how that is tokenized, and
 * what samples are made of it. A task is one class and a line of {@code TaskDatas}; whoever reads, shuffles and writes
 * the rows knows no task.
 *
 * <p>A row goes this way: {@link RawRow} → {@link RowCleaner} → {@link CleanRow} → {@link Encoder} → bytes, which are
 * shuffled → {@link SampleSink} → samples. Cleaning comes twice, since a first pass counts rows and labels and finds
 * which rows are held out; it must give the same both times. Whatever is known of a row's usability without tokens
 * belongs to it: only what it refuses is counted as a bad row before the split is made.
 *
 * <p>Implementations are small and serializable: they go to every Spark task. The tokenizer's files, which may be
 * large, are passed in.
 *
 * @param <C> content of a cleaned row
 */
public interface TaskData<C> extends Serializable {

    /** Tokenizes the rows of one partition. Not for concurrent use. */
    interface Encoder<C> {
        /**
         * Returns a row as it travels to the {@link SampleSink}.
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

    /** The model's tokenizer as the task uses it, which a trained model is saved with. */
    default TokenizerFiles tokenizer(TokenizerFiles files) {
        return files;
    }

    /**
     * Refuses what samples cannot be prepared with, before anything is read.
     *
     * @throws RunException if the configuration has what the task cannot use, or the tokenizer lacks what it needs
     */
    void check(TokenizerFiles files);

    /**
     * How a source is read.
     *
     * @param supervised whether rows must have what a model is trained to say, a label or an answer; else they are to
     *     be predicted, and may lack it
     * @throws RunException if the source cannot be read for this task
     */
    Reading<C> reading(RawSource source, TokenizerFiles files, boolean supervised);

    /**
     * Rows of each label, of what a first pass over a source has found; empty for a task without labels.
     *
     * @param strata rows of each {@link CleanRow#stratum}
     * @param found rows of each of the {@link CleanRow#labels}
     */
    default Map<String, Long> rowsPerLabel(Map<String, Long> strata, Map<String, Long> found) {
        return found;
    }

    /**
     * Label names in the order of their ids: sorted by number where all are numbers, else by name.
     *
     * @param found in the training rows
     * @throws RunException if nothing can be trained with these
     */
    default List<String> labelNames(Collection<String> found) {
        return LabelNames.sorted(found);
    }

    /**
     * Returns the word for what rows share that are held out together by default: {@code prompt}. Empty for a task
     * whose rows stand alone.
     */
    default Optional<String> groupName() {
        return Optional.empty();
    }

    /** Returns bytes that are equal for rows of one group; no bytes for a row that stands alone. */
    default byte[] group(C content) {
        return new byte[0];
    }

    /**
     * The text of a row that is a document, which other documents are compared with.
     *
     * @throws UnsupportedOperationException if the task's rows are no documents: {@link #check} refuses
     *     {@code data.corpus} then
     */
    default String document(C content) {
        throw new UnsupportedOperationException("rows of this task are no documents");
    }

    /**
     * Opens the tokenization of one partition.
     *
     * @param key configuration key of the source, for messages
     * @param labels label names by id
     */
    Encoder<C> encoder(TextTokenizer tokenizer, TokenizerFiles files, String key, List<String> labels);

    /**
     * Opens the making of the samples of one shard.
     *
     * @param labels label names by id
     */
    SampleSink sink(SampleOutput output, List<String> labels);

    /** Ids of the tokens that a model learns to end its texts with; none for a task that generates none. */
    default Set<Integer> endTokenIds(TokenizerFiles files) {
        return Set.of();
    }

    /** Columns of the samples that are trained on. */
    SampleSchema schema();

    /** Columns of the samples that are held out: some are for the evaluation after the training alone. */
    default SampleSchema heldOutSchema() {
        return schema();
    }

    /** Columns that training reads of held-out samples: all except those for the evaluation after it. */
    default SampleSchema readWhileTraining() {
        Set<SampleSchema.Column> shown = new HashSet<>(heldOutSchema().columns());
        shown.removeAll(schema().columns());
        return SampleSchema.allBut(shown);
    }

    /** The run's options as a manifest has them; the format is the configured one. */
    DatasetOptions options(TokenizerFiles files);

    /**
     * What is drawn of a sample each time that it is taken from the dataset; by default nothing.
     *
     * @throws RunException if nothing can be drawn with this tokenizer
     */
    default SampleDraws draws(TokenizerFiles files) {
        return SampleDraws.NONE;
    }

    /**
     * Opens what makes inputs of cleaned rows that can be used: what a model is given to predict from. Their index is
     * 0.
     */
    Function<CleanRow<C>, TaskInput> usableInputs(TextTokenizer tokenizer, TokenizerFiles files);

    /** As {@link #usableInputs}, with an input that says why of each row that cannot be used. */
    default Function<CleanRow<C>, TaskInput> inputs(TextTokenizer tokenizer, TokenizerFiles files) {
        Function<CleanRow<C>, TaskInput> usable = usableInputs(tokenizer, files);
        return row -> row.badBecause() == null ? usable.apply(row) : TaskInput.bad(row.file(), row.badBecause());
    }
}
