package io.github.sparkfinetune.spark.files;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** Reads a file as one text. */
final class TextReader implements SliceReader {
    private final Path file;
    private final InputStream in;
    private final Charset charset;
    private final int most;
    private boolean isRead;

    /**
     * Opens a file.
     *
     * @param encoding character set of the file
     * @param most number of bytes after which the text is cut
     */
    TextReader(FileSlice slice, String encoding, int most, Configuration hadoop) throws IOException {
        this.file = new Path(slice.path());
        this.charset = Charset.forName(encoding);
        this.most = most;
        this.in = file.getFileSystem(hadoop).open(file);
    }

    @Override
    public byte[] next() throws IOException {
        if (isRead) {
            return null;
        }
        isRead = true;
        return RawTexts.utf8(RawTexts.decompress(in, file.toString(), most), charset);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
