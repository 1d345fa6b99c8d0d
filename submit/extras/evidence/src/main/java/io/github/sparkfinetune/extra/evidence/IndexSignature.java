package io.github.sparkfinetune.extra.evidence;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Signature of the index by Ed25519 (RFC 8032): {@value #FILE_NAME}, the 64 bytes of the signature over the bytes of
 * the index. {@code openssl} checks it, too:
 *
 * <pre>
 * openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in evidence.json -sigfile evidence.json.sig
 * </pre>
 */
public final class IndexSignature {
    /** Name of the signature in the evidence. */
    public static final String FILE_NAME = EvidenceIndex.FILE_NAME + ".sig";

    private static final String ALGORITHM = "Ed25519";
    private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*:");
    private static final Pattern PEM =
            Pattern.compile("-----BEGIN ([A-Z ]+)-----([A-Za-z0-9+/=\\s]+)-----END \\1-----");

    private IndexSignature() {}

    /**
     * Reads a private key.
     *
     * @param file PEM file with a PKCS #8 key; a path without a scheme is a file of this machine
     * @throws RunException if the file is no such key
     */
    public static PrivateKey privateKey(String file, Configuration hadoop) {
        try {
            byte[] der = der("--sign", file, "PRIVATE KEY", hadoop);
            return KeyFactory.getInstance(ALGORITHM).generatePrivate(new PKCS8EncodedKeySpec(der));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw RunException.config("--sign: " + file + " is not an Ed25519 private key in PEM (PKCS #8, not"
                    + " encrypted): make one with openssl genpkey -algorithm ed25519 -out key.pem");
        }
    }

    /**
     * Reads a public key.
     *
     * @param file PEM file with an X.509 key; a path without a scheme is a file of this machine
     * @throws RunException if the file is no such key
     */
    public static PublicKey publicKey(String file, Configuration hadoop) {
        try {
            byte[] der = der("--public-key", file, "PUBLIC KEY", hadoop);
            return KeyFactory.getInstance(ALGORITHM).generatePublic(new X509EncodedKeySpec(der));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw RunException.config("--public-key: " + file + " is not an Ed25519 public key in PEM: make one with"
                    + " openssl pkey -in key.pem -pubout -out public.pem");
        }
    }

    /** @throws IllegalArgumentException if the file holds no such block */
    private static byte[] der(String option, String file, String kind, Configuration hadoop) {
        String text;
        try {
            // A key belongs to the person who signs, so a path without a scheme is not on the cluster's file system.
            Path path = new Path(
                    SCHEME.matcher(file).lookingAt()
                            ? AbsolutePaths.of(option, file, hadoop)
                            : java.nio.file.Path.of(file).toUri().toString());
            text = HadoopFiles.readText(HadoopFiles.open(path, hadoop), path);
        } catch (IOException e) {
            throw RunException.config(option + ": " + file + " cannot be read (" + e.getMessage() + ")");
        }
        Matcher pem = PEM.matcher(text);
        if (!pem.find() || !pem.group(1).equals(kind)) {
            throw new IllegalArgumentException("no " + kind);
        }
        return Base64.getMimeDecoder().decode(pem.group(2));
    }

    static byte[] sign(byte[] index, PrivateKey key) {
        try {
            Signature signature = Signature.getInstance(ALGORITHM);
            signature.initSign(key);
            signature.update(index);
            return signature.sign();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JVM since 15 has Ed25519", e);
        }
    }

    static boolean fits(byte[] index, byte[] signed, PublicKey key) {
        try {
            Signature signature = Signature.getInstance(ALGORITHM);
            signature.initVerify(key);
            signature.update(index);
            return signature.verify(signed);
        } catch (SignatureException e) {
            // Bytes that are no signature.
            return false;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JVM since 15 has Ed25519", e);
        }
    }
}
