package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.conf.error.RunException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.CompressionCodecFactory;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;

/** Decoding of a file's bytes before they are a text: decompression and conversion to UTF-8. */
final class RawTexts {
    /** Hadoop's setting for additional codecs. */
    static final String CODECS = "io.compression.codecs";

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

    /**
     * Returns the bytes of a file, decompressed if the file's name has the ending of a compressed file.
     *
     * @param maxTextBytes length at which a text is cut; little more is decompressed, because a small file may hold a
     *     huge text
     */
    static Column decompressed(Column bytes, Column path, int maxTextBytes) {
        int most = mostBytes(maxTextBytes);
        UDF2<byte[], String, byte[]> read = (content, file) -> decompress(content, file, most);
        UserDefinedFunction function = functions.udf(read, DataTypes.BinaryType);
        return function.apply(bytes, path);
    }

    /** Converts bytes from a character set to UTF-8. Invalid bytes become U+FFFD, which cleaning removes. */
    static Column utf8(Column bytes, String encoding) {
        Charset charset = Charset.forName(encoding);
        if (charset.equals(StandardCharsets.UTF_8)) {
            return bytes;
        }
        UDF1<byte[], byte[]> decode = text ->
                text == null ? null : new String(text, Charset.forName(encoding)).getBytes(StandardCharsets.UTF_8);
        return functions.udf(decode, DataTypes.BinaryType).apply(bytes.cast(DataTypes.BinaryType));
    }

    /** Returns the codec of a file by its name; null if the file is not compressed. */
    static CompressionCodec codec(String file) {
        return FileTotals.isCompressed(file) ? Codecs.ALL.getCodec(new Path(file)) : null;
    }

    /**
     * Returns how many bytes of a file are needed for its text. A character takes up to four bytes where UTF-8 takes
     * one, and cleaning removes up to a third of a text's bytes.
     */
    static int mostBytes(int maxTextBytes) {
        return (int) Math.min(Integer.MAX_VALUE - 16L, 8L * maxTextBytes);
    }

    static byte[] decompress(byte[] bytes, String file, int most) {
        CompressionCodec codec = codec(file);
        if (codec == null) {
            return bytes;
        }
        try (InputStream in = codec.createInputStream(new ByteArrayInputStream(bytes))) {
            return in.readNBytes(most);
        } catch (IOException e) {
            throw RunException.data(file + " cannot be decompressed (" + e.getMessage() + "): fix or remove it", e);
        }
    }
}
