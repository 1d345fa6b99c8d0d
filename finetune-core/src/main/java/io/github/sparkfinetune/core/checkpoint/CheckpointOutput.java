package io.github.sparkfinetune.core.checkpoint;

import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Output of a checkpoint's file, which measures size and checksum. On this machine's file system the tensors' memory is
 * written directly: a stream would copy the bytes twice more, on a processor that is training.
 */
final class CheckpointOutput extends OutputStream {

    /** Content of a file. */
    interface Content {
        void writeTo(CheckpointOutput out) throws IOException;
    }

    private final OutputStream stream;
    private final FileChannel channel;
    private final CRC32C crc = new CRC32C();
    private long size;

    private CheckpointOutput(OutputStream stream, FileChannel channel) {
        this.stream = stream;
        this.channel = channel;
    }

    /** Writes a file, replacing an existing one. */
    static CommitMarker.Written write(FileSystem fileSystem, Path file, Content content) {
        CommitMarker.Written[] written = new CommitMarker.Written[1];
        if (!HadoopFiles.isLocal(fileSystem)) {
            HadoopFiles.write(fileSystem, file, out -> written[0] = write(new CheckpointOutput(out, null), content));
            return written[0];
        }
        java.nio.file.Path local = HadoopFiles.local(file);
        try {
            Files.createDirectories(local.getParent());
            try (FileChannel channel = FileChannel.open(
                    local, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
                return write(new CheckpointOutput(null, channel), content);
            }
        } catch (IOException e) {
            throw HadoopFiles.failed("cannot be written", file, e);
        }
    }

    // Not closed: stream and channel belong to the caller.
    private static CommitMarker.Written write(CheckpointOutput out, Content content) throws IOException {
        content.writeTo(out);
        return new CommitMarker.Written(out.size, out.crc.getValue());
    }

    /** Returns whether memory is written directly, so that writing takes no longer than copying. */
    boolean isDirect() {
        return channel != null;
    }

    /** Writes a buffer's remaining bytes and consumes them; only if {@link #isDirect}. */
    void write(ByteBuffer bytes) throws IOException {
        crc.update(bytes.duplicate());
        size += bytes.remaining();
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
        if (isDirect()) {
            write(ByteBuffer.wrap(bytes, from, length));
            return;
        }
        crc.update(bytes, from, length);
        size += length;
        stream.write(bytes, from, length);
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }
}
