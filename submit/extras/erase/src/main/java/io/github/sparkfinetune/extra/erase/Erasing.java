package io.github.sparkfinetune.extra.erase;

import io.github.sparkfinetune.conf.error.RunException;
import java.util.Optional;

/** Erasure of documents from a run: its steps, in this order. */
interface Erasing {
    /** Returns the erasure that was interrupted, if there is one. */
    Optional<Erasure> unfinished();

    /**
     * Finds what an erasure would change. Changes nothing.
     *
     * @return the erasure, not begun; without places if no sample holds the documents
     * @throws RunException with exit code 3 if no document is chosen, or the dataset is not prepared
     */
    Erasure find(Selection selection);

    /**
     * Returns an erasure of no document by which the whole run is trained again, because the model that it starts from
     * is. Changes nothing.
     */
    Erasure again();

    /** Returns whether all documents of an erasure have been erased before. */
    boolean areErased(Erasure found);

    /**
     * Begins an erasure, or goes on with one that was interrupted: afterwards the dataset lacks the documents and
     * nothing that they have influenced is left of the run. Training is due if {@link Erasure.Replayed#trains}.
     *
     * @throws RunException with exit code 3 if nothing would be left of a split or of a label, nothing is changed then
     */
    Erasure begin(Erasure found);

    /** Returns why a document that no sample holds was left out; empty if that is not known. */
    Optional<String> droppedBecause(Selection selection);

    /** Completes the record of an erasure whose model is trained and measured again. */
    Erasure end(Erasure begun);
}
