package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.conf.RunException;
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

/** What the bytes of a file become before they are a text: decompressed, and in UTF-8. */
final class RawTexts {
    /** Hadoop's setting of further codecs. */
    static final String CODECS = "io.compression.codecs";

    private RawTexts() {}

    /** Made where a file is compressed: Hadoop's settings take long to read. */
    private static final class Codecs {
        static final CompressionCodecFactory ALL = all();

        private static CompressionCodecFactory all() {
            Configuration hadoop = new Configuration();
            hadoop.set(CODECS, ZstdCodec.class.getName());
            return new CompressionCodecFactory(hadoop);
        }
    }

    /**
     * Bytes of a file, decompressed where its name says that they are compressed.
     *
     * @param maxTextBytes where a text is cut; little more is decompressed, because a small file may hold a huge text
     */
    static Column decompressed(Column bytes, Column path, int maxTextBytes) {
        int most = mostBytes(maxTextBytes);
        UDF2<byte[], String, byte[]> read = (content, file) -> decompress(content, file, most);
        UserDefinedFunction function = functions.udf(read, DataTypes.BinaryType);
        return function.apply(bytes, path);
    }

    /** Bytes in a character set as bytes in UTF-8; what is not of it becomes U+FFFD, which cleaning removes. */
    static Column utf8(Column bytes, String encoding) {
        Charset charset = Charset.forName(encoding);
        if (charset.equals(StandardCharsets.UTF_8)) {
            return bytes;
        }
        UDF1<byte[], byte[]> decode = text ->
                text == null ? null : new String(text, Charset.forName(encoding)).getBytes(StandardCharsets.UTF_8);
        return functions.udf(decode, DataTypes.BinaryType).apply(bytes.cast(DataTypes.BinaryType));
    }

    /** What decompresses a file, by its name; null where it is not compressed. */
    static CompressionCodec codec(String file) {
        return SourceFiles.isCompressed(file) ? Codecs.ALL.getCodec(new Path(file)) : null;
    }

    /**
     * Returns how many bytes of a file decide on its text. A character takes up to four bytes where UTF-8 has one, and
     * cleaning removes up to a third of a text's bytes.
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
            throw RunException.data(file + " cannot be decompressed (" + e.getMessage() + "): mend or remove it", e);
        }
    }
}
