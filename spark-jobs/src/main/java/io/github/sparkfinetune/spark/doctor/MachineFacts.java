package io.github.sparkfinetune.spark.doctor;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.tensor.Processor;
import io.github.sparkfinetune.core.tensor.Torch;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/**
 * Facts about the machine of a rank.
 *
 * @param host name of the machine
 * @param hardware hardware that the process may use
 * @param software software that the process runs on
 * @param torch result of a test of PyTorch
 * @param unreached addresses of other ranks that cannot be reached
 */
record MachineFacts(String host, Hardware hardware, Software software, TorchProbe torch, List<String> unreached)
        implements Serializable {
    private static final Set<String> RELEVANT = Set.of("avx2", "avx512f", "avx512_bf16", "amx_bf16");
    private static final int SIZE = 512;
    private static final int SECONDS = 10;

    /**
     * Hardware that a process may use.
     *
     * @param cores cores of the process
     * @param features features of the processor that PyTorch's kernels use
     * @param freeDisk free bytes in Spark's local folder
     */
    record Hardware(int cores, Set<String> features, long freeDisk) implements Serializable {}

    /**
     * Software that a process runs on.
     *
     * @param java version of Java
     * @param libc name and version of the C library
     */
    record Software(String java, String libc) implements Serializable {}

    /**
     * Result of a test of PyTorch.
     *
     * @param gigaflops billions of operations per second of a matrix product on one core, or 0 if PyTorch failed
     * @param failure reason for which PyTorch does not compute, or null
     */
    record TorchProbe(double gigaflops, String failure) implements Serializable {
        static TorchProbe here() {
            try {
                Torch.start(1);
                return new TorchProbe(Torch.probe(SIZE), null);
            } catch (RunException e) {
                return new TorchProbe(0, e.getMessage());
            }
        }
    }

    /** Examines this machine. */
    static MachineFacts here(String host, Path localDir, List<String> unreached) {
        TorchProbe torch = TorchProbe.here();
        int cores = Runtime.getRuntime().availableProcessors();
        return new MachineFacts(
                host,
                new Hardware(cores, foundFeatures(), localDir.toFile().getUsableSpace()),
                new Software(System.getProperty("java.version"), foundLibc()),
                torch,
                List.copyOf(unreached));
    }

    private static Set<String> foundFeatures() {
        Set<String> features = new TreeSet<>(Processor.here().flags());
        features.retainAll(RELEVANT);
        return features;
    }

    /** Asks getconf, which every system with glibc has. */
    private static String foundLibc() {
        try {
            Process process = new ProcessBuilder("getconf", "GNU_LIBC_VERSION")
                    .redirectErrorStream(true)
                    .start();
            if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return "unknown";
            }
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return process.exitValue() == 0 ? output : "no glibc";
        } catch (IOException e) {
            return "unknown";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "unknown";
        }
    }
}
