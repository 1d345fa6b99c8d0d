package io.github.sparkfinetune.data.hub;

import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A file of a model on the Hub.
 *
 * @param name path in the repository
 * @param etag identifies the content: SHA-256 of a large file, git's SHA-1 of the blob of a small file
 * @param size bytes
 */
record HubFile(String name, String etag, long size) {
    HubFile {
        if (!etag.matches("[A-Za-z0-9._-]{1,128}") || etag.startsWith(".")) {
            throw RunException.data(name + ": the Hub gives it the name '" + etag.replaceAll("\\p{Cntrl}", "?")
                    + "', which is none of a content");
        }
        if (size < 0) {
            throw RunException.data(name + ": the Hub doesn't say how long it is");
        }
    }

    /**
     * Returns whether a file holds this content. If the etag is not a hash, only the length is compared.
     *
     * @param file file of this machine
     */
    boolean is(Path file) throws IOException {
        if (Files.size(file) != size) {
            return false;
        }
        return switch (etag.length()) {
            case 64 -> hash("SHA-256", "", file).equals(etag);
            case 40 -> hash("SHA-1", "blob " + size + "\0", file).equals(etag);
            default -> true;
        };
    }

    private static String hash(String algorithm, String prefix, Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return hash(algorithm, prefix, in);
        }
    }

    /** Returns the hash of a prefix and the rest of a stream, in hexadecimal. */
    static String hash(String algorithm, String prefix, InputStream in) throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance(algorithm);
            digest.update(prefix.getBytes(StandardCharsets.US_ASCII));
            byte[] buffer = new byte[1 << 16];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
