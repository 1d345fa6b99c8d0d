package io.github.sparkfinetune.core.privacy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.IOException;
import java.io.InputStream;
import java.security.SecureRandom;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;

/**
 * Secret of a private run: decides which samples each step takes, and the noise. It is drawn by the system's generator
 * when the run begins, kept in a file while the run lasts, so that a repeated step is the same, and deleted at its end.
 */
public final class RunSecret {
    private static final int BYTES = 32;
    private static final FsPermission ONLY_OWNER = new FsPermission((short) 0600);

    private RunSecret() {}

    /**
     * Returns the secret, which rank 0 reads or draws and sends to the other ranks.
     *
     * @param isResumed whether steps are done, so that the file must exist
     */
    public static byte[] of(Path file, boolean isResumed, Configuration hadoop, Collective collective)
            throws IOException {
        byte[] own = collective.rank() == 0 ? read(file, isResumed, hadoop) : new byte[0];
        return collective.allGather(own)[0];
    }

    private static byte[] read(Path file, boolean isResumed, Configuration hadoop) throws IOException {
        FileSystem fileSystem = HadoopFiles.open(file, hadoop);
        if (!fileSystem.exists(file)) {
            if (isResumed) {
                throw RunException.data(
                        file + " is missing: without it the noise of repeated steps would be drawn twice,"
                                + " which is less private than training.privacy promises; train into a new output.dir");
            }
            byte[] secret = new byte[BYTES];
            new SecureRandom().nextBytes(secret);
            HadoopFiles.writeWhole(fileSystem, file, secret);
            fileSystem.setPermission(file, ONLY_OWNER);
            return secret;
        }
        try (InputStream in = fileSystem.open(file)) {
            byte[] secret = in.readNBytes(BYTES + 1);
            if (secret.length != BYTES) {
                throw RunException.data(file + " is not the secret of a private run: train into a new output.dir");
            }
            return secret;
        }
    }
}
