package io.github.sparkfinetune.data.redact;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** Secret key of HMAC-SHA256 (RFC 2104). Its text form does not show it. */
public final class RedactionKey implements Serializable {
    private static final long serialVersionUID = 1;
    private static final String ALGORITHM = "HmacSHA256";
    private static final int SHORTEST = 16;
    private static final int LONGEST = 1 << 16;
    private static final int FINGERPRINT_BYTES = 8;

    private final byte[] bytes;

    private RedactionKey(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * Reads a key from a file; a line end at the end of the file does not belong to the key.
     *
     * @param setting key of the configuration that names the file
     * @param uri file of any Hadoop file system
     * @throws RunException if the file cannot be read, or is too short or too long for a key
     */
    static RedactionKey read(String setting, String uri) {
        Path path = new Path(uri);
        byte[] content;
        try (InputStream in = HadoopFiles.open(path, new Configuration()).open(path)) {
            content = in.readNBytes(LONGEST + 1);
        } catch (FileNotFoundException e) {
            throw RunException.config(setting + ": " + uri + " does not exist: name the file of the key");
        } catch (IOException e) {
            throw RunException.config(
                    setting + ": " + uri + " cannot be read: " + e.getClass().getSimpleName());
        }
        int end = content.length;
        while (end > 0 && (content[end - 1] == '\n' || content[end - 1] == '\r')) {
            end--;
        }
        if (end < SHORTEST || content.length > LONGEST) {
            throw RunException.config(setting + ": " + uri + " has " + end + " bytes, a key has " + SHORTEST + " to "
                    + LONGEST + ": write random bytes, for example by openssl rand -hex 32");
        }
        return new RedactionKey(Arrays.copyOf(content, end));
    }

    /** Returns a key of bytes. */
    static RedactionKey of(byte[] bytes) {
        return new RedactionKey(bytes.clone());
    }

    /** Returns a function of this key; not for concurrent use. */
    Mac mac() {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(bytes, ALGORITHM));
            return mac;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JVM has HmacSHA256", e);
        }
    }

    /**
     * Returns 16 hexadecimal digits by which equal keys are recognised, and from which the key cannot be computed.
     *
     * @param setting key of the configuration that names the key's file
     */
    String fingerprint(String setting) {
        byte[] hash = mac().doFinal(setting.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(hash, 0, FINGERPRINT_BYTES);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RedactionKey that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return "key";
    }
}
