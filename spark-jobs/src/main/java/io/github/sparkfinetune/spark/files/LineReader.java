package io.github.sparkfinetune.spark.files;

import java.io.IOException;
import java.nio.charset.Charset;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.mapreduce.TaskAttemptID;
import org.apache.hadoop.mapreduce.lib.input.FileSplit;
import org.apache.hadoop.mapreduce.lib.input.LineRecordReader;
import org.apache.hadoop.mapreduce.task.TaskAttemptContextImpl;

/** Reads the lines that begin in a part of a file, except blank ones. */
final class LineReader implements SliceReader {
    private final LineRecordReader lines;
    private final Charset charset;

    /**
     * Opens a part of a file.
     *
     * @param encoding character set of the file
     * @param end bytes that end a line; null for a line feed, a carriage return, or both
     */
    LineReader(FileSlice slice, String encoding, byte[] end, Configuration hadoop) throws IOException {
        this.charset = Charset.forName(encoding);
        this.lines = new LineRecordReader(end);
        lines.initialize(
                new FileSplit(new Path(slice.path()), slice.start(), slice.bytes(), null),
                new TaskAttemptContextImpl(hadoop, new TaskAttemptID()));
    }

    @Override
    public byte[] next() throws IOException {
        while (lines.nextKeyValue()) {
            byte[] line = RawTexts.utf8(lines.getCurrentValue().copyBytes(), charset);
            if (!isBlank(line)) {
                return line;
            }
        }
        return null;
    }

    private static boolean isBlank(byte[] line) {
        for (byte next : line) {
            if (next != ' ') {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() throws IOException {
        lines.close();
    }
}
