package io.github.sparkfinetune.core.privacy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
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
    private static final int TAG = 16;
    private static final int SEALED = BYTES + TAG;
    private static final String AGREEMENT = "X25519";
    private static final FsPermission ONLY_OWNER = new FsPermission((short) 0600);

    private RunSecret() {}

    /**
     * Returns the secret, which rank 0 reads or draws and sends to the other ranks.
     *
     * <p>The secret crosses the network only sealed, whether or not the ranks' traffic is encrypted: each pair of ranks
     * agrees on a key by X25519, and rank 0 seals the secret with it by AES-GCM. Whoever only reads the network learns
     * nothing of it.
     *
     * @param isResumed whether steps are done, so that the file must exist
     */
    public static byte[] of(Path file, boolean isResumed, Configuration hadoop, Collective collective)
            throws IOException {
        byte[] own = collective.rank() == 0 ? read(file, isResumed, hadoop) : new byte[0];
        if (collective.size() == 1) {
            return own;
        }
        try {
            return exchange(own, collective);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java cannot seal the secret of a private run: " + e.getMessage(), e);
        }
    }

    private static byte[] exchange(byte[] own, Collective collective) throws GeneralSecurityException {
        KeyPair pair = KeyPairGenerator.getInstance(AGREEMENT).generateKeyPair();
        byte[][] keys = collective.allGather(pair.getPublic().getEncoded());
        if (collective.rank() > 0) {
            byte[] sealed = collective.allGather(new byte[0])[0];
            byte[] part = Arrays.copyOfRange(sealed, (collective.rank() - 1) * SEALED, collective.rank() * SEALED);
            return cipher(Cipher.DECRYPT_MODE, pair, keys[0], keys[collective.rank()])
                    .doFinal(part);
        }
        ByteBuffer sealed = ByteBuffer.allocate((collective.size() - 1) * SEALED);
        for (int rank = 1; rank < collective.size(); rank++) {
            sealed.put(cipher(Cipher.ENCRYPT_MODE, pair, keys[rank], keys[rank]).doFinal(own));
        }
        collective.allGather(sealed.array());
        return own;
    }

    /**
     * Returns the cipher between rank 0 and another rank. Its key is used once, so the nonce is constant.
     *
     * @param other public key of the other side
     * @param receiver public key of the rank that receives the secret
     */
    private static Cipher cipher(int mode, KeyPair own, byte[] other, byte[] receiver) throws GeneralSecurityException {
        KeyAgreement agreement = KeyAgreement.getInstance(AGREEMENT);
        agreement.init(own.getPrivate());
        agreement.doPhase(KeyFactory.getInstance(AGREEMENT).generatePublic(new X509EncodedKeySpec(other)), true);
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(agreement.generateSecret(), "HmacSHA256"));
        mac.update("spark-finetune privacy.key".getBytes(StandardCharsets.US_ASCII));
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(
                mode,
                new SecretKeySpec(mac.doFinal(receiver), "AES"),
                new GCMParameterSpec(Byte.SIZE * TAG, new byte[12]));
        return cipher;
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
