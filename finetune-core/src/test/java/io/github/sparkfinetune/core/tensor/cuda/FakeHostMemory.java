package io.github.sparkfinetune.core.tensor.cuda;

import com.sun.jna.Native;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Pinned memory of a GPU that runs behind: an event happens after some later calls. */
public final class FakeHostMemory implements HostMemory {
    /** Number of calls until an event happens, such as the uploads of a step. */
    private static final int BEHIND = 20;

    private final Set<Long> blocks = new HashSet<>();
    private final Map<Long, Integer> events = new HashMap<>();
    private final int limit;
    private int allocations;
    private long bytes;
    private int calls;
    private long nextEvent;

    public FakeHostMemory() {
        this(Integer.MAX_VALUE);
    }

    /** @param limit number of allocations that succeed */
    public FakeHostMemory(int limit) {
        this.limit = limit;
    }

    /** Returns the number of allocations so far. */
    public int allocations() {
        return allocations;
    }

    /** Returns the number of bytes that were allocated so far. */
    public long bytes() {
        return bytes;
    }

    /** Returns the number of blocks and events that exist. */
    public int open() {
        return blocks.size() + events.size();
    }

    @Override
    public long allocate(long size) {
        if (allocations == limit) {
            throw new CudaException("cudaHostAlloc", "out of memory");
        }
        allocations++;
        bytes += size;
        long address = Native.malloc(size);
        blocks.add(address);
        return address;
    }

    @Override
    public void free(long address) {
        if (!blocks.remove(address)) {
            throw new AssertionError("not allocated");
        }
        Native.free(address);
    }

    @Override
    public long createEvent() {
        events.put(nextEvent, 0);
        return nextEvent++;
    }

    @Override
    public void destroyEvent(long event) {
        if (events.remove(event) == null) {
            throw new AssertionError("no event");
        }
    }

    @Override
    public void record(long event) {
        events.replace(event, ++calls);
    }

    @Override
    public boolean hasHappened(long event) {
        return ++calls - events.get(event) > BEHIND;
    }
}
