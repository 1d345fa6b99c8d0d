package io.github.sparkfinetune.extra.erase;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.github.sparkfinetune.spark.prepare.ErasedShards;
import java.util.List;
import java.util.Optional;

/**
 * An erasure of documents from a run, as {@link ErasureLog} keeps it. It holds no text and no value of a column.
 *
 * @param started time of the start, ISO 8601 in UTC
 * @param finished time of the end; absent (null) while the old model must not be used
 * @param documents hashes of the contents of the erased documents
 * @param samples number of samples that lost a document
 * @param replay steps that are trained again
 * @param changes what was written again and deleted
 * @param outside what may still hold the documents, one sentence each
 * @param places places of the documents; absent (null) after the end
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Erasure(
        String started,
        String finished,
        List<String> documents,
        Counts samples,
        Replayed replay,
        Changes changes,
        List<String> outside,
        List<ErasedShards.Part> places) {

    /**
     * Samples that lost a document.
     *
     * @param training number of training samples
     * @param heldOut number of samples of other splits
     */
    public record Counts(long training, long heldOut) {}

    /**
     * Steps that are trained again.
     *
     * @param firstUse first step that used an erased document, from 1; 0 if no step did
     * @param from checkpoint from which training goes on; absent (null) if it starts anew, or nothing was trained
     * @param steps number of steps that are trained again
     * @param trains whether the run had ended, so that it is trained to its end again
     * @param because what depends on the erased documents as a whole, so that the run starts anew; absent (null) if
     *     only steps do
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Replayed(long firstUse, String from, long steps, boolean trains, String because) {}

    /**
     * Changes by an erasure.
     *
     * @param rewritten shards that were written again, by their old names
     * @param deleted names that were deleted in the output folder, and files of references in the dataset's folder
     * @param modelBefore SHA-256 of the model's folder before; absent (null) if there was no model
     * @param modelAfter SHA-256 of the model's folder after; absent (null) before the end, or without a model
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Changes(List<String> rewritten, List<String> deleted, String modelBefore, String modelAfter) {}

    public Erasure {
        documents = List.copyOf(documents);
        outside = List.copyOf(outside);
    }

    /** Returns whether the erasure was interrupted. */
    boolean isUnfinished() {
        return finished == null;
    }

    /** Returns this erasure with the steps of another one, which trains more again. */
    public Erasure with(Replayed other) {
        return new Erasure(started, finished, documents, samples, other, changes, outside, places);
    }

    Erasure started(String time, Optional<String> modelBefore) {
        Changes first = new Changes(changes.rewritten(), changes.deleted(), modelBefore.orElse(null), null);
        return new Erasure(time, null, documents, samples, replay, first, outside, places);
    }

    Erasure with(List<String> deleted) {
        Changes more = new Changes(changes.rewritten(), deleted, changes.modelBefore(), changes.modelAfter());
        return new Erasure(started, finished, documents, samples, replay, more, outside, places);
    }

    Erasure finished(String time, String modelAfter) {
        Changes all = new Changes(changes.rewritten(), changes.deleted(), changes.modelBefore(), modelAfter);
        return new Erasure(started, time, documents, samples, replay, all, outside, null);
    }
}
