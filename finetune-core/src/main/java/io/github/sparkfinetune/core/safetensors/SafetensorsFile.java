package io.github.sparkfinetune.core.safetensors;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.Quoted;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A local safetensors file. Opening checks the header. Tensors are mapped one at a time, so the file may be larger than
 * one buffer.
 */
public final class SafetensorsFile implements TensorSource {
    private final Path file;
    private final FileChannel channel;
    private final SafetensorsHeader header;
    private final long dataStart;

    private SafetensorsFile(Path file, FileChannel channel, SafetensorsHeader header, long dataStart) {
        this.file = file;
        this.channel = channel;
        this.header = header;
        this.dataStart = dataStart;
    }

    /**
     * Opens a file and checks its header.
     *
     * @throws RunException if the file is missing or is not a valid safetensors file
     * @throws UncheckedIOException if the file cannot be read
     */
    public static SafetensorsFile open(Path file) {
        if (!Files.isRegularFile(file)) {
            throw RunException.data(
                    file + " is missing or is not a file: give a model folder with safetensors weights");
        }
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
            try {
                return open(file, channel);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static SafetensorsFile open(Path file, FileChannel channel) throws IOException {
        long size = channel.size();
        ByteBuffer begin = read(channel, 0, (int) Math.min(size, SafetensorsHeader.LENGTH_BYTES));
        int length = SafetensorsHeader.length(begin, size, file.toString());
        long dataStart = (long) SafetensorsHeader.LENGTH_BYTES + length;
        ByteBuffer json = read(channel, SafetensorsHeader.LENGTH_BYTES, length);
        return new SafetensorsFile(
                file, channel, SafetensorsHeader.parse(json, size - dataStart, file.toString()), dataStart);
    }

    private static ByteBuffer read(FileChannel channel, long from, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        fill(channel, from, bytes);
        return bytes.flip();
    }

    private static void fill(FileChannel channel, long from, ByteBuffer bytes) throws IOException {
        long offset = from - bytes.position();
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, offset + bytes.position()) < 0) {
                throw new EOFException("the file became shorter while it was read");
            }
        }
    }

    /** Returns the header's free text values; {@code format} is {@code pt} for PyTorch's layout. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    @Override
    public Set<String> names() {
        return header.tensors().keySet();
    }

    @Override
    public TensorInfo info(String name) {
        TensorInfo info = header.tensors().get(name);
        if (info == null) {
            throw RunException.data(file + ": there is no tensor " + Quoted.name(name)
                    + "; the weights do not fit the model's configuration");
        }
        return info;
    }

    @Override
    public Optional<FilePlace> localPlace(String name) {
        return Optional.of(new FilePlace(file, dataStart + info(name).begin()));
    }

    @Override
    public ByteBuffer buffer(String name, long from, int length) {
        TensorInfo info = info(name);
        checkRange(info, from, length);
        try {
            return channel.map(FileChannel.MapMode.READ_ONLY, dataStart + info.begin() + from, length)
                    .order(ByteOrder.LITTLE_ENDIAN);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    file + ": tensor " + Quoted.name(name) + " cannot be mapped: " + e.getMessage(), e);
        }
    }

    @Override
    public void read(String name, long from, ByteBuffer target) {
        TensorInfo info = info(name);
        checkRange(info, from, target.remaining());
        try {
            fill(channel, dataStart + info.begin() + from, target.duplicate());
        } catch (IOException e) {
            throw new UncheckedIOException(
                    file + ": tensor " + Quoted.name(name) + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static void checkRange(TensorInfo info, long from, int length) {
        if (from < 0 || length < 0 || from > info.byteSize() - length) {
            throw new IndexOutOfBoundsException(
                    length + " bytes from " + from + " in a tensor of " + info.byteSize() + " bytes");
        }
    }

    @Override
    public String fileOf(String name) {
        return file.toString();
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be closed: " + e.getMessage(), e);
        }
    }
}
