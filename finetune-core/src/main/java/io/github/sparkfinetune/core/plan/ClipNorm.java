package io.github.sparkfinetune.core.plan;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The norm of {@code training.privacy.public_sample}: measured once, before the first step, and kept in a file while
 * the run lasts, because noise of a repeated step must not differ.
 */
final class ClipNorm {
    private static final int MOST_BYTES = 64;

    private ClipNorm() {}

    /**
     * Returns the norm that rank 0 reads, or that the ranks measure. All ranks call this method.
     *
     * @param isResumed whether steps are done, so that the file must exist
     */
    static double of(
            Path file, boolean isResumed, Configuration hadoop, Collective collective, PrivateSteps.Measure measure)
            throws IOException {
        byte[] own = collective.rank() == 0 ? read(file, hadoop) : new byte[0];
        byte[] known = collective.allGather(own)[0];
        if (known.length > 0) {
            return parsed(file, known);
        }
        if (isResumed) {
            throw RunException.data(file + " is missing: it has the norm to which gradients were clipped so far; train"
                    + " into a new output.dir");
        }
        double norm = measure.norm();
        if (collective.rank() == 0) {
            byte[] text = Double.toString(norm).getBytes(StandardCharsets.US_ASCII);
            HadoopFiles.writeWhole(HadoopFiles.open(file, hadoop), file, text);
        }
        return norm;
    }

    private static byte[] read(Path file, Configuration hadoop) throws IOException {
        FileSystem fileSystem = HadoopFiles.open(file, hadoop);
        if (!fileSystem.exists(file)) {
            return new byte[0];
        }
        try (InputStream in = fileSystem.open(file)) {
            return in.readNBytes(MOST_BYTES);
        }
    }

    private static double parsed(Path file, byte[] text) {
        try {
            double norm = Double.parseDouble(new String(text, StandardCharsets.US_ASCII));
            if (norm > 0 && Double.isFinite(norm)) {
                return norm;
            }
        } catch (NumberFormatException e) {
            // The file is damaged, as it is with a number that is no norm.
        }
        throw RunException.data(file + " is not the norm of a private run: train into a new output.dir");
    }
}
