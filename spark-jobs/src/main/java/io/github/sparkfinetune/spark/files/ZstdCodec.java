package io.github.sparkfinetune.spark.files;

import com.github.luben.zstd.ZstdInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.CompressionInputStream;
import org.apache.hadoop.io.compress.CompressionOutputStream;
import org.apache.hadoop.io.compress.Compressor;
import org.apache.hadoop.io.compress.Decompressor;

/**
 * Codec that reads {@code .zst} with the library that Spark uses for its own data. Hadoop's codec needs a native
 * Hadoop, which few machines have. This codec does not write. The class is public because Hadoop instantiates it by
 * name.
 */
public final class ZstdCodec implements CompressionCodec {

    @Override
    public CompressionInputStream createInputStream(InputStream in) throws IOException {
        return new Input(in, new ZstdInputStream(in));
    }

    @Override
    public CompressionInputStream createInputStream(InputStream in, Decompressor decompressor) throws IOException {
        return createInputStream(in);
    }

    @Override
    public String getDefaultExtension() {
        return ".zst";
    }

    @Override
    public Class<? extends Decompressor> getDecompressorType() {
        return null;
    }

    @Override
    public Decompressor createDecompressor() {
        return null;
    }

    @Override
    public CompressionOutputStream createOutputStream(OutputStream out) {
        throw new UnsupportedOperationException("this codec only reads");
    }

    @Override
    public CompressionOutputStream createOutputStream(OutputStream out, Compressor compressor) {
        return createOutputStream(out);
    }

    @Override
    public Class<? extends Compressor> getCompressorType() {
        throw new UnsupportedOperationException("this codec only reads");
    }

    @Override
    public Compressor createCompressor() {
        throw new UnsupportedOperationException("this codec only reads");
    }

    private static final class Input extends CompressionInputStream {
        private final InputStream text;

        Input(InputStream compressed, InputStream text) throws IOException {
            super(compressed);
            this.text = text;
        }

        @Override
        public int read() throws IOException {
            return text.read();
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            return text.read(bytes, offset, length);
        }

        @Override
        public void resetState() {
            throw new UnsupportedOperationException("this stream is read once");
        }

        @Override
        public void close() throws IOException {
            text.close();
            super.close();
        }
    }
}
