package io.github.sparkfinetune.core.safetensors;

import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.RangedRead;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Local copy of a safetensors file with its header and the requested bytes of its tensors. The other bytes are holes of
 * the file.
 */
public final class PartialCopy {
    private final FileSystem fileSystem;
    private final Path source;
    private final java.nio.file.Path target;
    private final Runnable progressed;

    /**
     * @param target file of the copy, which must not exist yet
     * @param progressed as in {@link RangedRead#read}
     */
    public PartialCopy(FileSystem fileSystem, Path source, java.nio.file.Path target, Runnable progressed) {
        this.fileSystem = fileSystem;
        this.source = source;
        this.target = target;
        this.progressed = progressed;
    }

    /** Copies the header. */
    public SafetensorsFile open() {
        try (FileChannel out = FileChannel.open(
                target, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            long size = fileSystem.getFileStatus(source).getLen();
            if (size > 0) {
                // The copy has the source's size from the beginning.
                out.write(ByteBuffer.allocate(1), size - 1);
            }
            copy(out, new RangedRead.Range(0, Math.min(size, SafetensorsHeader.LENGTH_BYTES)));
            ByteBuffer begin = ByteBuffer.allocate(SafetensorsHeader.LENGTH_BYTES);
            out.read(begin, 0);
            int length = SafetensorsHeader.length(begin.flip(), size, source.toString());
            copy(out, new RangedRead.Range(SafetensorsHeader.LENGTH_BYTES, SafetensorsHeader.LENGTH_BYTES + length));
        } catch (IOException e) {
            throw HadoopFiles.failed("cannot be copied to " + target, source, e);
        }
        return SafetensorsFile.open(target);
    }

    private void copy(FileChannel out, RangedRead.Range range) throws IOException {
        new RangedRead(fileSystem, source).copy(List.of(range), out, progressed);
    }

    /** Copies ranges of the file, so that the tensors in these ranges can be read. */
    public void copy(List<RangedRead.Range> ranges) {
        try (FileChannel out = FileChannel.open(target, StandardOpenOption.WRITE)) {
            new RangedRead(fileSystem, source).copy(ranges, out, progressed);
        } catch (IOException e) {
            throw HadoopFiles.failed("cannot be copied to " + target, source, e);
        }
    }
}
