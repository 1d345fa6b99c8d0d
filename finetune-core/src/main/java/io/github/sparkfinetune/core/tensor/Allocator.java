package io.github.sparkfinetune.core.tensor;

import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Settings of glibc's allocator for the memory of PyTorch's tensors on the CPU. */
public final class Allocator {
    /**
     * Environment of a training process. By default glibc returns the memory of each large tensor to the kernel, and
     * fetches it again page by page for the next tensor. Activations of a few MB are allocated and freed all the time.
     * Therefore blocks below 32 MB, the most that glibc allows, stay in the heap, of which 256 MB may be idle. The heap
     * of a thread other than the first has parts of 64 MB. The thread keeps its free parts if the padding is larger
     * than a part. One MiniLM step of 16 texts of 128 tokens took 1,021 ms and 1,342 MB without a limit, 931 ms and
     * 1,438 MB with a limit of 16 MB. Four layers of Granite 2B with 512 tokens have activations of 16.8 MB. With 32 MB
     * and the padding, 11 steps fetch 0.4 instead of 1.3 million pages, are 2 to 5 % faster, and take 1,920 instead of
     * 1,840 MB.
     *
     * <p>If the kernel assigns huge pages by itself, each thread's heap begins with a huge page because of the padding.
     * Steps of SmolLM2 with LoRA then take 50 MB more. Therefore the number of heaps is limited to that of two cores,
     * where this was measured, instead of eight per core.
     *
     * <p>A thread's cache of small freed pieces, and the bins of the smallest pieces, hold single pieces all over the
     * heap. Freed tensors cannot merge across these pieces. If no two steps have the same number of tokens, the heap
     * then grows during the whole run. Therefore both are switched off. Without the cache, an epoch of instruct-smollm2
     * in one process took 2,601 instead of 3,299 MiB outside the Java heap. Without the bins, 12 steps of LoRA took
     * 1,520 instead of 1,580 MB resident, at the same speed.
     */
    public static final Map<String, String> ENVIRONMENT = Map.of(
            "MALLOC_MMAP_THRESHOLD_",
            "33554432",
            "MALLOC_TRIM_THRESHOLD_",
            "268435456",
            "MALLOC_TOP_PAD_",
            "134217728",
            "MALLOC_ARENA_MAX",
            "16",
            "GLIBC_TUNABLES",
            "glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0");

    private static final long TOGETHER_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** Time of the end of the last release, or 0. */
    private static long released;

    private Allocator() {}

    /**
     * Returns memory of closed objects to the kernel. Mapped weights and direct buffers stay until a garbage
     * collection, which may take minutes if nearly all memory is outside the heap. Freed tensors of another thread stay
     * in its part of the allocator. Without a release, a model that is evaluated after its training would be resident
     * up to three times. To be called before work on a model. Takes a full collection, shared by the ranks of a process
     * that begin together.
     */
    public static synchronized void release() {
        if (released != 0 && System.nanoTime() - released < TOGETHER_NANOS) {
            return;
        }
        System.gc();
        if (Platform.isLinux()) {
            NativeLibrary.getInstance(Platform.C_LIBRARY_NAME)
                    .getFunction("malloc_trim")
                    .invokeInt(new Object[] {0L});
        }
        released = System.nanoTime();
    }
}
