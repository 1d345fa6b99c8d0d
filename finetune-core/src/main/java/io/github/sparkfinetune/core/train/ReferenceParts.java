package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.predict.ReferenceFile;
import io.github.sparkfinetune.core.predict.ReferenceLayout;
import io.github.sparkfinetune.core.predict.Stretch;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.SafetensorsWriter;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorInfo;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Partial results of a {@link ReferencePass}. The folder {@code reference} of the output folder exists until the pass
 * is complete. It holds safetensors files named {@code SPLIT-FROM-TO-ATTEMPT.safetensors}, for the samples [FROM, TO)
 * and the {@link RankContext#attempt} of the writer. Each file has the tensors of its samples in the layout of the
 * {@link ReferenceFile}. The metadata is that of the complete file, with the precision added. A file whose size
 * contradicts its header is incomplete and is ignored.
 */
final class ReferenceParts {
    private static final Logger LOG = LoggerFactory.getLogger(ReferenceParts.class);

    private static final String FOLDER = "reference";
    private static final String ENDING = ".safetensors";
    private static final String PRECISION = ".precision";

    private final RankContext rank;
    private final Manifest manifest;
    private final ReferenceFile complete;
    private final Path folder;
    private final FileSystem files;
    private final Map<String, String> metadata;

    /**
     * A complete part.
     *
     * @param tensors tensors by name
     */
    record Part(Path file, Stretch stretch, Map<String, TensorInfo> tensors) {}

    /**
     * @param output output folder of the run
     * @param complete file that gets the values of all parts
     */
    ReferenceParts(Path output, RankContext rank, Manifest manifest, ReferenceFile complete, Precision precision) {
        this.rank = rank;
        this.manifest = manifest;
        this.complete = complete;
        this.folder = new Path(output, FOLDER);
        this.files = HadoopFiles.fileSystem(folder, rank.hadoop());
        this.metadata = new HashMap<>(complete.metadata());
        metadata.put(PRECISION, precision.choice().name());
    }

    /** Writes the reference values of a stretch of samples. */
    void write(Stretch stretch, ReferenceLayout.Encoder values) {
        String file =
                "%s-%012d-%012d-%s%s".formatted(stretch.split(), stretch.from(), stretch.to(), rank.attempt(), ENDING);
        HadoopFiles.writeWhole(
                files, new Path(folder, file), out -> SafetensorsWriter.write(out, values.tensors(stretch), metadata));
    }

    /** Returns complete, non-overlapping parts of earlier attempts, ordered by split and sample. */
    List<Part> before(java.nio.file.Path temporary) throws IOException {
        List<Part> parts = new ArrayList<>();
        for (Part part : find(temporary, false)) {
            Stretch last = parts.isEmpty() ? null : parts.get(parts.size() - 1).stretch();
            boolean overlaps = last != null
                    && last.split().equals(part.stretch().split())
                    && part.stretch().from() < last.to();
            if (!overlaps) {
                parts.add(part);
            }
        }
        return parts;
    }

    /** Returns all ranks' complete parts of this attempt. */
    List<Part> written(java.nio.file.Path temporary) throws IOException {
        return find(temporary, true);
    }

    private List<Part> find(java.nio.file.Path temporary, boolean own) throws IOException {
        List<Part> parts = new ArrayList<>();
        for (FileStatus status : list()) {
            String name = status.getPath().getName();
            if (name.endsWith(ENDING) && name.endsWith("-" + rank.attempt() + ENDING) == own) {
                open(status.getPath(), temporary).ifPresent(parts::add);
                rank.progressed();
            }
        }
        parts.sort(Comparator.comparing((Part part) -> part.stretch().split())
                .thenComparingLong(part -> part.stretch().from())
                .thenComparing(part -> part.file().getName()));
        return parts;
    }

    private FileStatus[] list() throws IOException {
        try {
            return files.listStatus(folder);
        } catch (FileNotFoundException e) {
            return new FileStatus[0];
        }
    }

    private Optional<Part> open(Path file, java.nio.file.Path temporary) throws IOException {
        java.nio.file.Path copy = temporary.resolve(file.getName());
        try {
            HadoopFiles.copyToLocal(files, file, copy, rank::progressed);
            try (SafetensorsFile stored = SafetensorsFile.open(copy)) {
                return stored.metadata().equals(metadata) ? part(file, stored) : Optional.empty();
            }
        } catch (RunException e) {
            LOG.warn("{} is computed again: {}", file, e.getMessage());
            return Optional.empty();
        } finally {
            Files.deleteIfExists(copy);
        }
    }

    private Optional<Part> part(Path file, SafetensorsFile stored) {
        Map<String, TensorInfo> tensors = new TreeMap<>();
        stored.names().forEach(name -> tensors.put(name, stored.info(name)));
        return complete.layout()
                .stretch(stored)
                .filter(stretch -> complete.splits().contains(stretch.split())
                        && stretch.to() <= manifest.split(stretch.split()).rows())
                .map(stretch -> new Part(file, stretch, tensors));
    }

    /** Returns a part's tensors for the final file; the values are read when a tensor is written. */
    Stream<TensorData> tensors(Part part, java.nio.file.Path temporary) {
        return part.tensors().entrySet().stream()
                .map(tensor -> TensorData.of(
                        tensor.getKey(),
                        tensor.getValue().dtype(),
                        tensor.getValue().shape(),
                        () -> read(part, tensor.getKey(), temporary)));
    }

    private ByteBuffer read(Part part, String tensor, java.nio.file.Path temporary) {
        java.nio.file.Path copy = temporary.resolve(part.file().getName());
        HadoopFiles.copyToLocal(files, part.file(), copy, rank::progressed);
        try (SafetensorsFile stored = SafetensorsFile.open(copy)) {
            ByteBuffer bytes = ByteBuffer.allocate(
                            Math.toIntExact(part.tensors().get(tensor).byteSize()))
                    .order(ByteOrder.LITTLE_ENDIAN);
            stored.read(tensor, 0, bytes);
            Files.delete(copy);
            return bytes;
        } catch (IOException e) {
            throw new UncheckedIOException(copy + " cannot be deleted: " + e.getMessage(), e);
        }
    }

    /** Deletes all parts, after they are in the final file. */
    void delete() {
        HadoopFiles.discard(files, folder);
    }
}
