package io.github.sparkfinetune.core.quant;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.SafetensorsWriter;
import io.github.sparkfinetune.core.safetensors.TensorInfo;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cache file beside a model's weights, with its linears in NF4, in the tensors of {@link Nf4Checkpoint}. The first
 * process that needs the linears quantises them, one at a time. All processes of the machine map the file, also at
 * later starts. The file identifies its weights by a checksum of their shapes and of a part of each weight.
 */
public final class Nf4Cache {
    /** Least number of values for which the file is made: quantising them takes longer than a second. */
    public static final long WORTH_KEEPING = 1L << 26;

    private static final Logger LOG = LoggerFactory.getLogger(Nf4Cache.class);

    private static final String CHECKSUM = "weights_crc32c";
    private static final String PART = ".part";
    private static final int SAMPLE_BYTES = 4096;
    /** Locks between the ranks of a process; a lock on a file only excludes other processes. */
    private static final Map<Path, ReentrantLock> LOCKS = new ConcurrentHashMap<>();

    private final Path file;
    private final TensorSource weights;
    private final Map<String, Boolean> linears;
    private final boolean doubleQuant;
    private final int threads;

    /**
     * @param folder folder of the weights
     * @param linears names of the tensors, with whether each is a Conv1D
     * @param threads number of threads that quantise
     */
    public Nf4Cache(Path folder, TensorSource weights, Map<String, Boolean> linears, boolean doubleQuant, int threads) {
        this.file = folder.resolve(doubleQuant ? "model.double-quant.nf4" : "model.nf4")
                .toAbsolutePath();
        this.weights = weights;
        this.linears = new LinkedHashMap<>(linears);
        this.doubleQuant = doubleQuant;
        this.threads = threads;
    }

    /**
     * Returns the mapped linears, or empty if there is no file and the folder cannot take one.
     *
     * @throws RunException if the file is damaged, or a weight cannot be quantised
     * @throws UncheckedIOException if the file cannot be read or written
     */
    public Map<String, Nf4Tensor> tensors() {
        String checksum = checksum();
        ReentrantLock mine = LOCKS.computeIfAbsent(file, path -> new ReentrantLock());
        mine.lock();
        try {
            return isOf(checksum) || isMade(checksum) ? read() : Map.of();
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be written: " + e.getMessage(), e);
        } finally {
            mine.unlock();
        }
    }

    private Map<String, Nf4Tensor> read() {
        Map<String, Nf4Tensor> tensors = new LinkedHashMap<>();
        try (SafetensorsFile source = open()) {
            linears.forEach((name, conv1d) -> tensors.put(name, Nf4Checkpoint.read(source, name, conv1d)));
        }
        return tensors;
    }

    /** Returns whether the file exists and was made from these weights. */
    private boolean isOf(String checksum) {
        if (!Files.exists(file)) {
            return false;
        }
        try (SafetensorsFile source = open()) {
            return checksum.equals(source.metadata().get(CHECKSUM));
        }
    }

    private SafetensorsFile open() {
        try {
            return SafetensorsFile.open(file);
        } catch (RunException e) {
            throw RunException.data(
                    file + " is damaged or incomplete: delete the file, it is made again from the weights", e);
        }
    }

    private boolean isMade(String checksum) throws IOException {
        Path folder = file.getParent();
        long bytes = linears.keySet().stream()
                .mapToLong(name -> Nf4.byteSize(weights.info(name).count(), doubleQuant))
                .sum();
        if (!Files.isWritable(folder) || folder.toFile().getUsableSpace() < 2 * bytes) {
            LOG.info(
                    "4-bit weights are not kept beside the model: {} has no room for {} MB or is read-only",
                    folder,
                    bytes >> 20);
            return false;
        }
        Path part = file.resolveSibling(file.getFileName() + PART);
        try (FileChannel channel = FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            // Another process may have made the file while this process waited.
            if (!isOf(checksum)) {
                channel.truncate(0);
                write(channel, checksum);
                channel.force(true);
                Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }
            return lock.isValid();
        }
    }

    private void write(FileChannel channel, String checksum) throws IOException {
        List<Nf4Parts> parts = new ArrayList<>();
        linears.forEach((name, conv1d) -> parts.add(new Nf4Parts(
                name,
                shape(name, conv1d),
                doubleQuant,
                () -> conv1d
                        ? Nf4.quantizeTransposed(weights, name, doubleQuant, threads)
                        : Nf4.quantize(weights, name, doubleQuant, threads))));
        // Not closed: closing would release the lock.
        OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel));
        SafetensorsWriter.write(
                out, parts.stream().flatMap(part -> part.tensors().stream()).toList(), Map.of(CHECKSUM, checksum));
        out.flush();
    }

    private long[] shape(String name, boolean conv1d) {
        long[] stored = weights.info(name).shape();
        return conv1d ? new long[] {stored[1], stored[0]} : stored;
    }

    private String checksum() {
        CRC32C sum = new CRC32C();
        for (String name : linears.keySet()) {
            TensorInfo info = weights.info(name);
            sum.update((name + " " + info).getBytes(StandardCharsets.UTF_8));
            int length = (int) Math.min(SAMPLE_BYTES, info.byteSize());
            for (long from : new long[] {0, (info.byteSize() - length) / 2, info.byteSize() - length}) {
                ByteBuffer sample = ByteBuffer.allocate(length);
                weights.read(name, from, sample);
                sum.update(sample.array());
            }
        }
        return Long.toHexString(sum.getValue());
    }
}
