package io.github.sparkfinetune.core.tensor.cuda;

import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pinned host memory for copies between a processor and a GPU. Blocks are used again, from step to step, once the
 * copies from them are done. If memory cannot be pinned, one line says so, and there is none from then on. Belongs to
 * one rank; not for concurrent use.
 */
public final class PinnedMemory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PinnedMemory.class);

    /** Number of bytes of a page. */
    private static final int PAGE = 4096;
    /** Number of sizes of blocks between a power of two and the next. */
    private static final int SIZES = 4;

    private static final long PARTING_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long POLL_NANOS = 50_000;

    private final Supplier<Optional<HostMemory>> find;
    private final Map<Integer, Deque<Block>> free = new HashMap<>();
    private final List<Block> all = new ArrayList<>();
    private HostMemory memory;
    private boolean isRefused;
    private boolean isClosed;

    /** @param find finds the functions, at the first use; empty if there is no pinned memory */
    public PinnedMemory(Supplier<Optional<HostMemory>> find) {
        this.find = find;
    }

    /**
     * Returns the pinned memory for a GPU.
     *
     * @param libraries folder of PyTorch's libraries
     */
    public static PinnedMemory of(Path libraries, int gpu) {
        return new PinnedMemory(() -> CudaLibraries.in(libraries).map(cuda -> new CudaHostMemory(cuda, gpu)));
    }

    /** Returns memory that is never pinned. */
    public static PinnedMemory none() {
        return new PinnedMemory(Optional::empty);
    }

    /** A block of pinned memory in use. */
    public final class Block {
        private final long address;
        private final int size;
        private final long event;
        private boolean isCopied;

        private Block(long address, int size, long event) {
            this.address = address;
            this.size = size;
            this.event = event;
        }

        /** Returns the first bytes, in native order. */
        public ByteBuffer bytes(int count) {
            return new Pointer(address).getByteBuffer(0, count).order(ByteOrder.nativeOrder());
        }

        /** Ends the use; the block is used again once PyTorch's operators so far are done. */
        public void releaseAfterCopies() {
            if (!isClosed) {
                memory.record(event);
                isCopied = true;
                free.get(size).add(this);
            }
        }

        /** Ends the use; the block may be used again at once. */
        public void release() {
            if (!isClosed) {
                isCopied = false;
                free.get(size).addFirst(this);
            }
        }

        private boolean isIdle() {
            if (isCopied && memory.hasHappened(event)) {
                isCopied = false;
            }
            return !isCopied;
        }
    }

    /** Returns a block of at least some bytes, or empty for none, or if memory cannot be pinned. */
    public Optional<Block> take(int bytes) {
        if (bytes == 0 || isRefused || isClosed) {
            return Optional.empty();
        }
        try {
            if (memory == null) {
                Optional<HostMemory> found = find.get();
                isRefused = found.isEmpty();
                if (isRefused) {
                    return Optional.empty();
                }
                memory = found.orElseThrow();
            }
            return Optional.of(taken(size(bytes)));
        } catch (CudaException | UnsatisfiedLinkError e) {
            isRefused = true;
            LOG.info(
                    "host memory is not pinned, so copies to the GPU take longer: {}",
                    e.getMessage().lines().findFirst().orElse(""));
            return Optional.empty();
        }
    }

    private Block taken(int size) {
        Deque<Block> sameSize = free.computeIfAbsent(size, key -> new ArrayDeque<>());
        // The oldest copy is the first that ends.
        if (!sameSize.isEmpty() && sameSize.peek().isIdle()) {
            return sameSize.poll();
        }
        long event = memory.createEvent();
        try {
            Block block = new Block(memory.allocate(size), size, event);
            all.add(block);
            return block;
        } catch (CudaException e) {
            memory.destroyEvent(event);
            throw e;
        }
    }

    /** Returns a block's size: so few sizes that blocks are used again, each at most a fourth too large. */
    static int size(int bytes) {
        int step = Math.max(PAGE, Integer.highestOneBit(Math.max(1, bytes - 1)) / SIZES);
        return Math.toIntExact(Math.min(Integer.MAX_VALUE, ((long) bytes + step - 1) / step * step));
    }

    /** Frees all blocks, whose copies must be done soon. */
    @Override
    public void close() {
        if (isClosed) {
            return;
        }
        isClosed = true;
        long deadline = System.nanoTime() + PARTING_NANOS;
        try {
            for (Block block : all) {
                while (!block.isIdle() && System.nanoTime() < deadline) {
                    LockSupport.parkNanos(POLL_NANOS);
                }
                if (block.isIdle()) {
                    memory.free(block.address);
                    memory.destroyEvent(block.event);
                }
            }
        } catch (CudaException e) {
            LOG.warn("pinned host memory is not freed: {}", e.getMessage());
        }
    }
}
