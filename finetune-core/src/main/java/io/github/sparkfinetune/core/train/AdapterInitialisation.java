package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.adapter.AdapterStart;
import io.github.sparkfinetune.core.adapter.InitialAdapter;
import io.github.sparkfinetune.core.adapter.InitialValues;
import io.github.sparkfinetune.core.adapter.LoraModule;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.SafetensorsWriter;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.data.hf.HadoopFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Computes what the adapters of a run begin with, where {@code method.init_lora_weights} is set, and keeps it in
 * {@value #FILE} of the output folder: decompositions differ in their last bits between processors, and a resumed run
 * goes on from the same base. Each rank takes every n-th linear; rank 0 writes the file, which all then read.
 */
final class AdapterInitialisation implements AdapterStart, AutoCloseable {
    static final String FILE = "initial_adapter.safetensors";

    private static final Logger LOG = LoggerFactory.getLogger(AdapterInitialisation.class);

    private final RunConfig config;
    private final RankContext rank;
    private final Path file;
    private final java.nio.file.Path copy;
    private final NDManager manager;
    private final String prefix;
    private SafetensorsFile read;
    private InitialAdapter adapter;

    /**
     * @param temporary local folder for a copy of the file, which lives as long as the rank
     * @param manager whose device computes
     * @param prefix of the base model's weights below the head
     */
    AdapterInitialisation(
            RunConfig config, RankContext rank, java.nio.file.Path temporary, NDManager manager, String prefix) {
        this.config = config;
        this.rank = rank;
        this.file = new Path(config.output().dir(), FILE);
        this.copy = temporary.resolve(FILE);
        this.manager = manager;
        this.prefix = prefix;
    }

    /** What the run's adapters begin with, once they are loaded; empty for PEFT's default. */
    Optional<InitialAdapter> adapter() {
        return Optional.ofNullable(adapter);
    }

    @Override
    public Optional<InitialAdapter> of(Collection<LoraModule> modules, TensorSource source) {
        if (config.method().hasDefaultInit() || modules.isEmpty()) {
            return Optional.empty();
        }
        try {
            FileSystem files = HadoopFiles.fileSystem(file, rank.hadoop());
            if (!isThere(files)) {
                compute(files, List.copyOf(modules), source);
            }
            HadoopFiles.copyToLocal(files, file, copy);
            read = SafetensorsFile.open(copy);
            adapter = new InitialAdapter(tensors(modules), config.method().isPissa());
            return adapter();
        } catch (IOException e) {
            throw new UncheckedIOException(file.toString(), e);
        }
    }

    /** Rank 0's word counts: the file may come between two looks. */
    private boolean isThere(FileSystem files) throws IOException {
        boolean first = rank.collective().rank() == 0;
        byte[] word = {(byte) (first && files.exists(file) ? 1 : 0)};
        return rank.collective().allGather(word)[0][0] != 0;
    }

    private void compute(FileSystem files, List<LoraModule> modules, TensorSource source) throws IOException {
        int ranks = rank.collective().size();
        Map<String, ByteBuffer> computed = new HashMap<>();
        LOG.info("computing what the adapters of {} linears begin with", modules.size());
        long seed = config.training().seed();
        try (InitialValues values = new InitialValues(config.method(), seed, rank.threads(), source, prefix, manager)) {
            for (int from = 0; from < modules.size(); from += ranks) {
                if (rank.cancelled().getAsBoolean()) {
                    throw new CancellationException("rank " + rank.collective().rank() + " was told to stop");
                }
                List<LoraModule> together = modules.subList(from, Math.min(modules.size(), from + ranks));
                int mine = rank.collective().rank();
                byte[] told = mine < together.size() ? bytes(values.of(together.get(mine))) : new byte[0];
                byte[][] all = rank.collective().allGather(told);
                if (mine == 0) {
                    for (int i = 0; i < together.size(); i++) {
                        take(computed, together.get(i), all[i]);
                    }
                }
            }
        }
        if (rank.collective().rank() == 0) {
            List<TensorData> tensors = new ArrayList<>();
            modules.forEach(module -> shapes(module)
                    .forEach((name, shape) -> tensors.add(TensorData.f32(name, shape, computed.get(name)))));
            HadoopFiles.writeWhole(files, file, out -> SafetensorsWriter.write(out, tensors, SafetensorsWriter.PT));
        }
        // The others read it once it is there.
        rank.collective().allGather(new byte[0]);
    }

    private static byte[] bytes(List<TensorData> tensors) {
        ByteBuffer bytes = ByteBuffer.allocate(
                Math.toIntExact(tensors.stream().mapToLong(TensorData::byteSize).sum()));
        tensors.forEach(tensor -> bytes.put(tensor.data().get()));
        return bytes.array();
    }

    private static void take(Map<String, ByteBuffer> computed, LoraModule module, byte[] bytes) {
        int at = 0;
        for (Map.Entry<String, long[]> tensor : shapes(module).entrySet()) {
            int length = Math.toIntExact(Arrays.stream(tensor.getValue()).reduce(Float.BYTES, Math::multiplyExact));
            computed.put(tensor.getKey(), ByteBuffer.wrap(bytes, at, length).slice());
            at += length;
        }
    }

    private static Map<String, long[]> shapes(LoraModule module) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put(module.a(), module.shapeOfA());
        shapes.put(module.b(), module.shapeOfB());
        if (module.dora()) {
            shapes.put(module.magnitude(), module.shapeOfMagnitude());
        }
        return shapes;
    }

    private Map<String, TensorData> tensors(Collection<LoraModule> modules) {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        modules.forEach(module -> shapes(module).forEach((name, shape) -> {
            if (!read.names().contains(name) || !Arrays.equals(read.info(name).shape(), shape)) {
                throw RunException.data(file + ", what the run's adapters began with, does not fit its settings: "
                        + name + " is not there as " + Arrays.toString(shape) + ": train into a new output.dir");
            }
            tensors.put(name, new TensorData(name, read.info(name).dtype(), shape, () -> read.buffer(name)));
        }));
        return tensors;
    }

    @Override
    public void close() {
        if (read != null) {
            read.close();
        }
    }
}
