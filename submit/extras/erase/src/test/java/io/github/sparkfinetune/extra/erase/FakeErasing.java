package io.github.sparkfinetune.extra.erase;

import java.util.List;
import java.util.Optional;

/** An erasure that changes nothing. */
final class FakeErasing implements Erasing {
    /** Erasure that was interrupted, if there is one. */
    Optional<Erasure> unfinished = Optional.empty();
    /** Erasure that is found. */
    Erasure found;
    /** Whether the found documents have been erased before. */
    boolean erased;
    /** Reason for which the documents are in no sample, or null. */
    String reason;

    private final List<String> calls;

    FakeErasing(List<String> calls) {
        this.calls = calls;
    }

    @Override
    public Optional<Erasure> unfinished() {
        return unfinished;
    }

    @Override
    public Erasure find(Selection selection) {
        calls.add("find " + selection.shown());
        return found;
    }

    @Override
    public Erasure again() {
        throw new UnsupportedOperationException("there is one run");
    }

    @Override
    public boolean areErased(Erasure erasure) {
        return erased;
    }

    @Override
    public Optional<String> droppedBecause(Selection selection) {
        return Optional.ofNullable(reason);
    }

    @Override
    public Erasure begin(Erasure erasure) {
        calls.add("begin " + String.join(" ", erasure.documents()));
        return erasure;
    }

    @Override
    public Erasure end(Erasure begun) {
        calls.add("end " + String.join(" ", begun.documents()));
        return begun;
    }
}
