package io.github.sparkfinetune.spark.doctor;

import io.github.sparkfinetune.conf.RunException;
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
 * What a rank needs of its machine.
 *
 * @param host its name
 * @param hardware what the process may use of it
 * @param software what it runs on
 * @param torch how PyTorch computes
 * @param unreached addresses of other ranks that can't be reached
 */
record MachineFacts(String host, Hardware hardware, Software software, TorchProbe torch, List<String> unreached)
        implements Serializable {
    private static final Set<String> ASKED_FOR = Set.of("avx2", "avx512f", "avx512_bf16", "amx_bf16");
    private static final int SIZE = 512;
    private static final int SECONDS = 10;

    /**
     * What a process may use of its machine.
     *
     * @param cores that the process has
     * @param features of the processor that PyTorch's kernels ask for
     * @param freeDisk bytes in Spark's local folder
     */
    record Hardware(int cores, Set<String> features, long freeDisk) implements Serializable {}

    /**
     * What a process runs on.
     *
     * @param java version
     * @param libc name and version
     */
    record Software(String java, String libc) implements Serializable {}

    /**
     * How PyTorch computes.
     *
     * @param gigaflops billions of operations a second of its product on one core, or 0 where it failed
     * @param failure why it doesn't compute, or null
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

    /** Looks at this machine. */
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
        features.retainAll(ASKED_FOR);
        return features;
    }

    /** By getconf, which every system with glibc has. */
    private static String foundLibc() {
        try {
            Process process = new ProcessBuilder("getconf", "GNU_LIBC_VERSION")
                    .redirectErrorStream(true)
                    .start();
            if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return "unknown";
            }
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return process.exitValue() == 0 ? said : "no glibc";
        } catch (IOException e) {
            return "unknown";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "unknown";
        }
    }
}
