package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.ClusterConfig.Shard;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.ForwardingCollective;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.predict.LoadedModel;
import io.github.sparkfinetune.core.train.step.TrainStep;
import io.github.sparkfinetune.data.dataset.Sample;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Number of all-reduces in a step. */
class GradientBucketsTest {
    @TempDir
    private Path folder;

    /** A collective that records the size of each sum. */
    private static final class Recording extends ForwardingCollective {
        private final List<Integer> bytes = new ArrayList<>();

        Recording() {
            super(new SingleRank());
        }

        @Override
        public Future<?> allReduceAsync(ByteBuffer floats) {
            bytes.add(floats.remaining());
            return super.allReduceAsync(floats);
        }
    }

    @Test
    void sumsSmallBlocksTogether() throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), "llama-untied", config -> {});
        try (TinyDecoder decoder = TinyDecoder.toTrain(base)) {
            Recording ranks = new Recording();
            TrainStep step = step(decoder.manager, decoder.loaded, ranks);
            int[] ids = {5, 6, 7, 8};
            List<Sample> samples = List.of(Sample.ofDocuments(0, ids, ids, 4));
            for (List<List<Sample>> parts : List.of(List.of(samples), List.<List<Sample>>of(), List.of(samples))) {
                ranks.bytes.clear();
                step.gradient(0, parts, false, () -> false, () -> {});
                long blocks = decoder.model().parameters().stream()
                        .filter(parameter ->
                                !parameter.name().equals(decoder.model().table().name()))
                        .mapToLong(Parameter::size)
                        .sum();
                assertThat(ranks.bytes).hasSize(2).contains((int) blocks * Float.BYTES);
            }
        }
    }

    private static TrainStep step(NDManager manager, LoadedModel model, Collective ranks) {
        return new TrainStep(
                manager,
                model.model(),
                model.objective(),
                DropoutMasks.none(),
                ranks,
                TinyDecoder.training(false),
                Shard.NONE);
    }
}
