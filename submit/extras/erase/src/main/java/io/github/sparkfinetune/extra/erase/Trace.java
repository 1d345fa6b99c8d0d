package io.github.sparkfinetune.extra.erase;

import io.github.sparkfinetune.core.plan.TrainingOrder;
import java.util.List;
import java.util.Optional;

/**
 * Sources, samples and training steps of a document.
 *
 * @param hash content hash after cleaning, in hexadecimal digits; null if the row is refused before it has a hash
 * @param droppedBecause reason for which the document is in no sample, or in no training sample although it could be,
 *     in the words of the manifest; or null
 * @param sources sources that hold the document; empty if the row is refused
 * @param places samples that hold its tokens, in the order of splits and storage
 * @param others number of other documents with the same tokens in the same shard, from which the samples may be instead
 * @param group rows that stay on the same side of the split; empty if each row is split alone
 */
public record Trace(
        String hash,
        String droppedBecause,
        List<Source> sources,
        List<Place> places,
        long others,
        Optional<Group> group) {

    /**
     * Rows that stay on one side of the split.
     *
     * @param by what the rows share: a prompt, or columns
     * @param rows number of rows of the training sources, including the document's rows and rows that are left out
     */
    public record Group(String by, long rows) {}

    /**
     * A source that holds the document.
     *
     * @param key configuration key of the source
     * @param rows number of rows with its content
     * @param duplicates number of these rows that are left out as duplicates
     * @param file first file, by name, that holds such a row
     */
    public record Source(String key, long rows, long duplicates, String file) {}

    /**
     * A sample that holds the document or a part of it.
     *
     * @param split train, eval or test
     * @param file shard, in the dataset's folder
     * @param row row of the file, from 0
     * @param sample index of the sample in the split's storage order
     * @param document index of the document in the sample, from 0
     * @param documents number of documents of the sample
     * @param uses training steps that take the sample, in order
     */
    public record Place(
            String split,
            String file,
            long row,
            long sample,
            int document,
            int documents,
            List<TrainingOrder.Use> uses) {
        public Place {
            uses = List.copyOf(uses);
        }
    }

    public Trace {
        sources = List.copyOf(sources);
        places = List.copyOf(places);
        if (places.isEmpty() && droppedBecause == null) {
            throw new IllegalArgumentException("a document that is nowhere has a reason");
        }
    }

    /** Creates the trace of a document without a group. */
    public Trace(String hash, String droppedBecause, List<Source> sources, List<Place> places, long others) {
        this(hash, droppedBecause, sources, places, others, Optional.empty());
    }

    /** Returns the trace of a document that is refused while it is cleaned. */
    static Trace refused(String reason) {
        return new Trace(null, reason, List.of(), List.of(), 0);
    }
}
