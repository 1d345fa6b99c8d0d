package io.github.sparkfinetune.spark.files;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.cluster.Errors;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.CompressionCodecFactory;

/** Decoding of a file's bytes before they are a text: decompression and conversion to UTF-8. */
public final class RawTexts {
    /** Hadoop's setting for additional codecs. */
    public static final String CODECS = "io.compression.codecs";

    private static final Set<String> COMPRESSED = Set.of(".gz", ".bz2", ".zst", ".deflate");

    private RawTexts() {}

    /** Created for the first compressed file, because reading Hadoop's settings takes long. */
    private static final class Codecs {
        static final CompressionCodecFactory ALL = all();

        private static CompressionCodecFactory all() {
            Configuration hadoop = new Configuration();
            hadoop.set(CODECS, ZstdCodec.class.getName());
            return new CompressionCodecFactory(hadoop);
        }
    }

    /** Returns whether a file's name has the ending of a compressed file. */
    public static boolean isCompressed(String file) {
        int dot = file.lastIndexOf('.');
        return dot >= 0 && COMPRESSED.contains(file.substring(dot).toLowerCase(Locale.ROOT));
    }

    /** Returns the codec of a file by its name; null if the file is not compressed. */
    public static CompressionCodec codec(String file) {
        return isCompressed(file) ? Codecs.ALL.getCodec(new Path(file)) : null;
    }

    /** Converts bytes from a character set to UTF-8. Invalid bytes become U+FFFD, which cleaning removes. */
    static byte[] utf8(byte[] text, Charset charset) {
        return charset.equals(StandardCharsets.UTF_8)
                ? text
                : new String(text, charset).getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Returns how many bytes of a file are needed for its text. A character takes up to four bytes where UTF-8 takes
     * one, and cleaning removes up to a third of a text's bytes.
     */
    static int mostBytes(int maxTextBytes) {
        return (int) Math.min(Integer.MAX_VALUE - 16L, 8L * maxTextBytes);
    }

    /**
     * Returns the bytes of a file, decompressed if the file's name has the ending of a compressed file.
     *
     * @param most most bytes that are returned; little more is decompressed, because a small file may hold a huge text
     */
    static byte[] decompress(InputStream bytes, String file, int most) throws IOException {
        CompressionCodec codec = codec(file);
        if (codec == null) {
            return bytes.readNBytes(most);
        }
        try (InputStream in = codec.createInputStream(bytes)) {
            return in.readNBytes(most);
        } catch (IOException e) {
            if (Errors.ioFailure(e).isPresent()) {
                throw e;
            }
            throw RunException.data(file + " cannot be decompressed (" + e.getMessage() + "): fix or remove it", e);
        }
    }
}
