package io.github.sparkfinetune.core.tensor;

import com.sun.jna.Callback;
import com.sun.jna.CallbackThreadInitializer;
import com.sun.jna.Function;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

/**
 * Work in Java on the threads that PyTorch computes with. After an operator these look for work for some milliseconds
 * before they sleep, on as many cores as the rank has, so that threads of the JVM would have to share cores with them:
 * a layer of SmolLM2 is widened in 2.6 ms of two by the common pool, in 1.6 by these.
 *
 * <p>They are reached by {@code GOMP_parallel} of the libgomp that libtorch brings: what GCC makes of {@code #pragma
 * omp parallel}.
 */
public final class OpenMp {
    /** What a thread of the team calls, with the number of the work. */
    interface Member extends Callback {
        void invoke(Pointer number);
    }

    /** What threads do together, and what the first of them failed by. */
    private record Work(Runnable body, AtomicReference<Throwable> failure) {
        void run() {
            try {
                body.run();
            } catch (RuntimeException | Error e) {
                // Nothing may be thrown through native code; the caller throws it.
                failure.compareAndSet(null, e);
            }
        }
    }

    private static final Map<Long, Work> UNDER_WAY = new ConcurrentHashMap<>();
    private static final AtomicLong NUMBERS = new AtomicLong();
    private static final Member MEMBER =
            number -> UNDER_WAY.get(Pointer.nativeValue(number)).run();
    private static final Optional<Function> PARALLEL = parallel();

    private OpenMp() {}

    private static Optional<Function> parallel() {
        Path maps = Path.of("/proc/self/maps");
        if (!Files.isReadable(maps)) {
            return Optional.empty();
        }
        try (Stream<String> lines = Files.lines(maps)) {
            Optional<Function> found = lines.filter(line -> line.contains("/libgomp"))
                    .map(line -> line.substring(line.indexOf('/')))
                    .findFirst()
                    .map(path -> NativeLibrary.getInstance(path).getFunction("GOMP_parallel"));
            // They stay known to the JVM, for to make them known takes as long as some work.
            Native.setCallbackThreadInitializer(MEMBER, new CallbackThreadInitializer(true, false, "openmp"));
            return found;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Calls body on each of so many threads, the caller's among them, and returns when all have.
     *
     * @param threads as many as {@link Torch#start} was told: with another number the team is made anew
     * @return false, and nothing is done, where the process has no libgomp
     */
    public static boolean run(int threads, Runnable body) {
        if (PARALLEL.isEmpty()) {
            return false;
        }
        long number = NUMBERS.incrementAndGet();
        Work work = new Work(body, new AtomicReference<>());
        UNDER_WAY.put(number, work);
        try {
            PARALLEL.get().invokeVoid(new Object[] {MEMBER, new Pointer(number), threads, 0});
        } finally {
            UNDER_WAY.remove(number);
        }
        Throwable failure = work.failure().get();
        if (failure instanceof Error error) {
            throw error;
        }
        if (failure instanceof RuntimeException exception) {
            throw exception;
        }
        return true;
    }
}
