package io.github.sparkfinetune.core.tensor;

import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;

/**
 * End of a process without the destructors of its native libraries. A JVM ends with {@code exit()}, which runs the
 * destructors while threads are still in native code. oneDNN then frees memory that a running product reads, and the
 * process dies of a SIGSEGV or hangs while reporting it. The kernel reclaims everything that destructors would free.
 *
 * <p>{@code exit()} begins with the last registered function. {@code _exit} is registered when PyTorch is loaded, for a
 * process that is halted. It is registered again when the JVM begins to end, because libraries register more functions
 * while they compute.
 */
final class ProcessEnd {
    private static boolean registered;

    private ProcessEnd() {}

    /** Makes this process skip destructors when it ends. The exit code does not change. */
    static synchronized void skipDestructors() {
        if (!registered && Platform.isLinux()) {
            registered = true;
            register();
            Runtime.getRuntime().addShutdownHook(new Thread(ProcessEnd::register, "process-end"));
        }
    }

    private static void register() {
        NativeLibrary libc = NativeLibrary.getInstance(Platform.C_LIBRARY_NAME);
        // glibc calls the function with the exit code.
        libc.getFunction("on_exit").invokeInt(new Object[] {libc.getFunction("_exit"), null});
    }
}
