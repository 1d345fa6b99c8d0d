package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.adapter.AdapterStart;
import io.github.sparkfinetune.core.adapter.InitialAdapter;
import io.github.sparkfinetune.core.adapter.InitialValues;
import io.github.sparkfinetune.core.adapter.LoraModule;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.SafetensorsWriter;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Initial values of a run's adapters, if {@code method.init_lora_weights} is set. They are kept in {@value #FILE} of
 * the output folder, because a resumed run must continue from the same base. Decompositions differ in their last bits
 * between processors. Each rank computes every n-th linear. Rank 0 writes the file, and all ranks read it.
 */
final class AdapterInitialisation implements AdapterStart, AutoCloseable {
    static final String FILE = "initial_adapter.safetensors";

    private static final Logger LOG = LoggerFactory.getLogger(AdapterInitialisation.class);

    private final RunConfig config;
    private final RankContext rank;
    private final Path file;
    private final java.nio.file.Path copy;
    private final NDManager manager;
    private SafetensorsFile read;
    private InitialAdapter adapter;

    /**
     * @param temporary local folder for a copy of the file; must exist as long as the rank
     * @param manager manager of the device that computes
     */
    AdapterInitialisation(RunConfig config, RankContext rank, java.nio.file.Path temporary, NDManager manager) {
        this.config = config;
        this.rank = rank;
        this.file = new Path(config.output().dir(), FILE);
        this.copy = temporary.resolve(FILE);
        this.manager = manager;
    }

    /** Returns the initial adapter after loading; empty for PEFT's default. */
    Optional<InitialAdapter> adapter() {
        return Optional.ofNullable(adapter);
    }

    @Override
    public Optional<InitialAdapter> of(Collection<LoraModule> modules, TensorSource source, String prefix) {
        if (config.method().hasDefaultInit() || modules.isEmpty()) {
            return Optional.empty();
        }
        try {
            FileSystem files = HadoopFiles.fileSystem(file, rank.hadoop());
            boolean first = rank.collective().rank() == 0;
            if (!rank.collective().broadcast(first && files.exists(file))) {
                compute(files, List.copyOf(modules), source, prefix);
            }
            HadoopFiles.copyToLocal(files, file, copy);
            read = SafetensorsFile.open(copy);
            adapter = new InitialAdapter(tensors(modules), config.method().isPissa());
            return adapter();
        } catch (IOException e) {
            throw new UncheckedIOException(file.toString(), e);
        }
    }

    private void compute(FileSystem files, List<LoraModule> modules, TensorSource source, String prefix)
            throws IOException {
        int ranks = rank.collective().size();
        Map<String, ByteBuffer> computed = new HashMap<>();
        LOG.info("computing the initial adapters of {} linears", modules.size());
        long seed = config.training().seed();
        try (InitialValues values = new InitialValues(config.method(), seed, rank.threads(), source, prefix, manager)) {
            for (int from = 0; from < modules.size(); from += ranks) {
                rank.progressed();
                List<LoraModule> together = modules.subList(from, Math.min(modules.size(), from + ranks));
                int mine = rank.collective().rank();
                byte[] computedBytes = mine < together.size() ? bytes(values.of(together.get(mine))) : new byte[0];
                byte[][] all = rank.collective().allGather(computedBytes);
                if (mine == 0) {
                    for (int i = 0; i < together.size(); i++) {
                        take(computed, together.get(i), all[i]);
                    }
                }
            }
        }
        if (rank.collective().rank() == 0) {
            List<TensorData> tensors = new ArrayList<>();
            modules.forEach(module -> module.shapes()
                    .forEach((name, shape) -> tensors.add(TensorData.f32(name, shape, computed.get(name)))));
            HadoopFiles.writeWhole(files, file, out -> SafetensorsWriter.write(out, tensors, SafetensorsWriter.PT));
        }
        // The other ranks read the file after the barrier.
        rank.collective().barrier();
    }

    private static byte[] bytes(List<TensorData> tensors) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(
                        tensors.stream().mapToLong(TensorData::byteSize).sum()))
                .order(ByteOrder.LITTLE_ENDIAN);
        FloatBuffer values = bytes.asFloatBuffer();
        tensors.forEach(tensor -> values.put(tensor.floats()));
        return bytes.array();
    }

    private static void take(Map<String, ByteBuffer> computed, LoraModule module, byte[] bytes) {
        int at = 0;
        for (Map.Entry<String, long[]> tensor : module.shapes().entrySet()) {
            int length = Math.toIntExact(Arrays.stream(tensor.getValue()).reduce(Float.BYTES, Math::multiplyExact));
            computed.put(tensor.getKey(), ByteBuffer.wrap(bytes, at, length).slice());
            at += length;
        }
    }

    private Map<String, TensorData> tensors(Collection<LoraModule> modules) {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        modules.forEach(module -> module.shapes().forEach((name, shape) -> {
            if (!read.names().contains(name) || !Arrays.equals(read.info(name).shape(), shape)) {
                throw RunException.data(file + ", the initial adapter of the run, does not fit its settings: " + name
                        + " of shape " + Arrays.toString(shape) + " is missing: train into a new output.dir");
            }
            tensors.put(name, TensorData.of(name, read, name));
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
