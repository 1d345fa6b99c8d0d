package io.github.sparkfinetune.core.tensor;

import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;

/**
 * Ends a process without the destructors of its native libraries. {@code exit()}, by which a JVM ends, runs them while
 * threads are still in native code: oneDNN then loses what a product under way reads, and the process dies of a SIGSEGV
 * or hangs while it reports one. The kernel takes back all that destructors would free.
 *
 * <p>{@code exit()} begins with what was registered last. So {@code _exit} is registered when PyTorch is loaded, for a
 * process that is halted, and again when the JVM begins to end, because libraries register more while they compute.
 */
final class ProcessEnd {
    private static boolean registered;

    private ProcessEnd() {}

    /** Makes this process end so from now on; its exit code stays the one that it ends with. */
    static synchronized void skipDestructors() {
        if (!registered && Platform.isLinux()) {
            registered = true;
            register();
            Runtime.getRuntime().addShutdownHook(new Thread(ProcessEnd::register, "process-end"));
        }
    }

    private static void register() {
        NativeLibrary libc = NativeLibrary.getInstance(Platform.C_LIBRARY_NAME);
        // glibc calls it with the exit code.
        libc.getFunction("on_exit").invokeInt(new Object[] {libc.getFunction("_exit"), null});
    }
}
