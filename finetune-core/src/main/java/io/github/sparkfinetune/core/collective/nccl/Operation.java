package io.github.sparkfinetune.core.collective.nccl;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** An operation of the ranks on the GPU. The fields are guarded by the communicator. */
final class Operation implements Future<Void> {
    private final Communicator communicator;
    private final Beginning beginning;
    private final long end;
    private boolean isOver;
    private boolean isAwaited;

    /** @param end event of the operation's end */
    Operation(Communicator communicator, Beginning beginning, long end) {
        this.communicator = communicator;
        this.beginning = beginning;
        this.end = end;
    }

    Beginning beginning() {
        return beginning;
    }

    long end() {
        return end;
    }

    boolean isAwaited() {
        return isAwaited;
    }

    /** Marks that PyTorch's next operators wait for the end. */
    void awaited() {
        isAwaited = true;
    }

    boolean isOver() {
        return isOver;
    }

    /** Marks that the end has happened. */
    void over() {
        isOver = true;
    }

    /** Makes PyTorch's next operators on the GPU wait for the end; the host does not wait. */
    @Override
    public Void get() throws ExecutionException {
        communicator.await(this);
        return null;
    }

    @Override
    public Void get(long timeout, TimeUnit unit) throws ExecutionException {
        return get();
    }

    @Override
    public boolean isDone() {
        return communicator.isDone(this);
    }

    @Override
    public boolean cancel(boolean mayInterrupt) {
        return false;
    }

    @Override
    public boolean isCancelled() {
        return false;
    }
}
