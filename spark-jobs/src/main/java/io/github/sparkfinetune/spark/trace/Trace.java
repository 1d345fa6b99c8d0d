package io.github.sparkfinetune.spark.trace;

import io.github.sparkfinetune.core.plan.TrainingOrder;
import java.util.List;
import java.util.Optional;

/**
 * What became of a document.
 *
 * @param hash of its cleaned content, in hexadecimal digits; null where it is refused before it has one
 * @param droppedBecause why it is in no sample, or in none to train on though it might have been, as the manifest
 *     counts it; or null
 * @param sources those that hold it, empty where it is refused
 * @param places samples that hold its tokens, in the order of splits and storage
 * @param others other documents of the same tokens and the same shard, which the samples may be of instead
 * @param group rows that stay on the same side of the split; empty where rows stand alone
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
     * @param by what they share: a prompt, or columns
     * @param rows number of rows of the training sources, the document's and those that are left out included
     */
    public record Group(String by, long rows) {}

    /**
     * A source that holds it.
     *
     * @param key configuration key of the source
     * @param rows rows with its content
     * @param duplicates rows of them that are left out as duplicates
     * @param file that holds one, the first by name
     */
    public record Source(String key, long rows, long duplicates, String file) {}

    /**
     * A sample that holds it, or a part of it.
     *
     * @param split train, eval or test
     * @param file shard, in the dataset's folder
     * @param row of the file, from 0
     * @param sample the sample's place in the split's storage order
     * @param document its place among the documents of the sample, from 0
     * @param documents of the sample
     * @param uses steps of training that take the sample, in their order
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

    /** Makes the trace of a document without a group. */
    public Trace(String hash, String droppedBecause, List<Source> sources, List<Place> places, long others) {
        this(hash, droppedBecause, sources, places, others, Optional.empty());
    }

    /** A document that is refused before anything is made of it. */
    static Trace refused(String reason) {
        return new Trace(null, reason, List.of(), List.of(), 0);
    }
}
