package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.predict.References;
import io.github.sparkfinetune.core.task.TaskModel;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.ParquetSamples;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the model that a run begins with about every sample, where the run's task compares the trained one with it. Each
 * rank takes an equal part of each split; the answers are kept in the output folder, so that a resumed run, whose
 * weights have moved, need not ask again.
 */
final class ReferencePass {
    private static final Logger LOG = LoggerFactory.getLogger(ReferencePass.class);

    private final RunConfig config;
    private final RankContext rank;
    private final Manifest manifest;

    ReferencePass(RunConfig config, RankContext rank, Manifest manifest) {
        this.config = config;
        this.rank = rank;
        this.manifest = manifest;
    }

    /**
     * What is kept, else what the model says.
     *
     * @param model with the weights that the run begins with
     * @param temporary local folder for a copy
     */
    References run(TaskModel<?> model, Path temporary) throws IOException {
        // The file may come between two looks.
        boolean first = rank.collective().rank() == 0;
        Optional<References> kept =
                first ? References.find(config, manifest, rank.hadoop(), temporary) : Optional.empty();
        if (rank.collective().firstSays(kept.isPresent())) {
            return first ? kept.orElseThrow() : References.require(config, manifest, rank.hadoop(), temporary);
        }
        Map<String, ByteBuffer> said = new LinkedHashMap<>();
        for (String split : manifest.splits().keySet()) {
            said.put(split, ask(model, split));
        }
        if (first) {
            References.write(config, manifest, said, rank.hadoop());
        }
        return References.of(said);
    }

    private ByteBuffer ask(TaskModel<?> model, String name) throws IOException {
        int batch = config.training().perDeviceEvalBatchSize();
        List<double[]> mine = new ArrayList<>();
        try (SampleSource split =
                ParquetSamples.open(new org.apache.hadoop.fs.Path(config.dataset()), manifest, name, rank.hadoop())) {
            int ranks = rank.collective().size();
            long at = split.partStart(rank.collective().rank(), ranks);
            long end = split.partStart(rank.collective().rank() + 1, ranks);
            LOG.info("asking the model about {} samples of {} before its training", end - at, name);
            while (at < end) {
                rank.progressed();
                List<Sample> samples = new ArrayList<>();
                while (at < end && samples.size() < batch) {
                    samples.add(split.read(at++));
                }
                mine.addAll(model.reference(samples, batch));
            }
        }
        return joined(rank.collective().allGather(bytes(mine)));
    }

    private static byte[] bytes(List<double[]> values) {
        int count = values.stream().mapToInt(each -> each.length).sum();
        ByteBuffer bytes = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        values.forEach(each -> Arrays.stream(each).forEach(value -> bytes.putFloat((float) value)));
        return bytes.array();
    }

    private static ByteBuffer joined(byte[][] parts) {
        ByteBuffer all = ByteBuffer.allocate(
                Arrays.stream(parts).mapToInt(part -> part.length).sum());
        for (byte[] part : parts) {
            all.put(part);
        }
        return all.flip();
    }
}
