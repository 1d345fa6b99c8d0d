package io.github.sparkfinetune.spark.doctor;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.tensor.Processor;
import io.github.sparkfinetune.core.tensor.Torch;
import java.io.File;
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
 * @param java version
 * @param cores that the process has
 * @param features of the processor that PyTorch's kernels ask for
 * @param libc name and version
 * @param freeDisk bytes in Spark's local folder
 * @param gigaflops billions of operations a second of PyTorch's product on one core, or 0 where it failed
 * @param torchFailure why PyTorch doesn't compute, or null
 * @param unreached addresses of other ranks that can't be reached
 */
record MachineFacts(
        String host,
        String java,
        int cores,
        Set<String> features,
        String libc,
        long freeDisk,
        double gigaflops,
        String torchFailure,
        List<String> unreached)
        implements Serializable {
    private static final Set<String> ASKED_FOR = Set.of("avx2", "avx512f", "avx512_bf16", "amx_bf16");
    private static final int SIZE = 512;
    private static final int SECONDS = 10;

    /** Looks at this machine. */
    static MachineFacts here(String host, Path localDir, List<String> unreached) {
        double gigaflops = 0;
        String failure = null;
        try {
            Torch.start(1);
            gigaflops = Torch.probe(SIZE);
        } catch (RunException e) {
            failure = e.getMessage();
        }
        File disk = localDir.toFile();
        return new MachineFacts(
                host,
                System.getProperty("java.version"),
                Runtime.getRuntime().availableProcessors(),
                foundFeatures(),
                foundLibc(),
                disk.getUsableSpace(),
                gigaflops,
                failure,
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
