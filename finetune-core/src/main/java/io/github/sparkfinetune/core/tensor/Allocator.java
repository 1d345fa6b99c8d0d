package io.github.sparkfinetune.core.tensor;

import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** How glibc's allocator should treat the memory of PyTorch's tensors on the CPU. */
public final class Allocator {
    /**
     * Environment of a process that trains. By default glibc gives the memory of each large tensor back to the kernel
     * and fetches it anew, page by page, at the next; activations are a few MB and come and go all the time. So what is
     * below 32 MB, the most that glibc allows, stays in the heap, of which 256 MB may lie idle; and a thread other than
     * the first, whose heap is in parts of 64 MB, keeps those that are free, for which the padding must be above their
     * size. One MiniLM step of 16 texts of 128 tokens took 1,021 ms without and 931 ms with a limit of 16 MB, at 1,342
     * and 1,438 MB; four layers of Granite 2B with 512 tokens, whose activations have 16.8 MB, fetch 0.4 instead of 1.3
     * million pages in 11 steps and are 2 to 5 % faster by 32 MB and the padding, at 1,840 and 1,920 MB.
     *
     * <p>Where the kernel gives huge pages unasked, the padding makes each thread's heap begin with one: steps of
     * SmolLM2 by LoRA then take 50 MB more. So there are no more heaps than on two cores, where that was measured, and
     * not eight a core.
     *
     * <p>A thread's cache of small freed pieces and the bins of the smallest hold single ones all over the heap,
     * between which freed tensors can't grow together; where no two steps have the same number of tokens, the heap
     * grows for as long as the run lasts. So there is neither: without the cache an epoch of instruct-smollm2 in one
     * process took 2,601 instead of 3,299 MiB outside the Java heap, without the bins 12 steps of LoRA 1,520 instead of
     * 1,580 MB resident, at the same speed.
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

    /** When the last release ended, or 0. */
    private static long released;

    private Allocator() {}

    /**
     * Gives back to the kernel what earlier work of this process has closed. Mapped weights and direct buffers are
     * Java's until a garbage collection, which may be minutes away where nearly all is computed outside the heap; freed
     * tensors of another thread stay in its part of the allocator. A model that is evaluated after its training would
     * otherwise be resident up to three times. For the beginning of work on a model: takes a full collection, one for
     * the ranks of a process that begin together.
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
