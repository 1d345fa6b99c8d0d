package io.github.sparkfinetune.bench;

/** Processor time of this process. */
final class ProcessorTime {
    private ProcessorTime() {}

    /** Returns the seconds of all threads since the process started. */
    static double seconds() {
        return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toNanos() / 1e9;
    }
}
