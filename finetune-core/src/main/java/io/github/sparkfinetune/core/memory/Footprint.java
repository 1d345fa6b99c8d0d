package io.github.sparkfinetune.core.memory;

import io.github.sparkfinetune.core.adapter.LoraModule;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.BlockSpec;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.model.Adaptation;
import io.github.sparkfinetune.core.model.Projection;
import io.github.sparkfinetune.core.quant.Nf4;
import io.github.sparkfinetune.core.quant.Nf4Cache;
import io.github.sparkfinetune.core.quant.Nf4Checkpoint;
import io.github.sparkfinetune.core.safetensors.StoredNames;
import io.github.sparkfinetune.core.safetensors.TensorInfo;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How many parameters a model has and where their values lie once it is loaded, told from its configuration and the
 * headers of its weights alone.
 *
 * @param parameters number of values, the adapters' included
 * @param trained of them
 * @param trainedTable values of the embedding table, where it is trained
 * @param mapped bytes of frozen weights that are read where they lie in the mapped files
 * @param frozen bytes of frozen weights in memory of their own, F32 or NF4
 * @param trainedWeights bytes of trained weights of the base model
 * @param adapters bytes of the adapters' weights
 * @param staging bytes of the buffers that stored weights are widened into, a layer at a time
 * @param direct bytes of {@code frozen} that Java counts as direct memory
 * @param largestGradient bytes of the trained parameters of the largest block that PyTorch differentiates, whose
 *     gradients are there twice for a moment
 * @param newWeights weights of the head that begin with new values
 */
public record Footprint(
        long parameters,
        long trained,
        long trainedTable,
        long mapped,
        long frozen,
        long trainedWeights,
        long adapters,
        long staging,
        long direct,
        long largestGradient,
        List<NewWeight> newWeights) {

    /** Bytes of the base model's weights, wherever they lie. */
    public long weights() {
        return mapped + frozen + trainedWeights;
    }

    /** A decoder's. */
    public static Footprint ofDecoder(HfConfig config, TensorSource source, Adaptation adaptation) {
        return new Count(source, adaptation, Architectures.decoder(config)).all(HeadKind.CAUSAL_LM, 0);
    }

    /**
     * An encoder's.
     *
     * @param classes of its head
     */
    public static Footprint ofEncoder(
            HfConfig config, TensorSource source, HeadKind head, int classes, Adaptation adaptation) {
        return new Count(source, adaptation, Architectures.encoder(config)).all(head, classes);
    }

    /** Adds up. */
    private static final class Count {
        private final Architecture architecture;
        private final TensorSource source;
        private final Adaptation adaptation;
        private final StoredNames names;
        private final Map<String, Long> staging = new HashMap<>();
        private final List<NewWeight> newWeights = new ArrayList<>();
        private long parameters;
        private long trained;
        private long mapped;
        private long frozen;
        private long nf4;
        private long nf4Values;
        private long trainedWeights;
        private long adapters;
        private long largestGradient;

        Count(TensorSource source, Adaptation adaptation, Architecture architecture) {
            this.architecture = architecture;
            this.source = source;
            this.adaptation = adaptation;
            this.names = new StoredNames(source, architecture.prefix());
        }

        Footprint all(HeadKind head, int classes) {
            WeightSpec table = architecture.table();
            vocabulary(table, table.name(), BlockKind.EMBEDDINGS);
            long trainedTable = trained;
            tokenRows(table);
            for (BlockSpec block : architecture.blocks(head, classes)) {
                long before = trained;
                block.weights().forEach((local, weight) -> add(block, local, weight));
                if (architecture.isRecorded() || block.kind() != BlockKind.LAYER) {
                    largestGradient = Math.max(largestGradient, (trained - before) * Float.BYTES);
                }
            }
            architecture.shared().values().forEach(weight -> whole(weight, weight.name(), BlockKind.EMBEDDINGS, -1));
            Projection.of(architecture, head, adaptation)
                    .ifPresent(projection -> projection
                            .weights()
                            .forEach((local, weight) -> vocabulary(weight, projection.stored(local), BlockKind.HEAD)));
            long buffers = staging.values().stream().mapToLong(Long::longValue).sum();
            return new Footprint(
                    parameters,
                    trained,
                    trainedTable,
                    mapped,
                    frozen,
                    trainedWeights,
                    adapters,
                    buffers,
                    // Those of a larger model are mapped from a file, unless it cannot be written.
                    nf4Values < Nf4Cache.WORTH_KEEPING ? nf4 : 0,
                    largestGradient,
                    List.copyOf(newWeights));
        }

        private void add(BlockSpec block, String local, WeightSpec weight) {
            boolean trains = adaptation.trainable().trains(weight.name(), block.kind(), block.layer());
            if (block.kind() == BlockKind.HEAD && trains) {
                head(weight);
            }
            boolean frozenLinear = block.isLayerLinear(weight) && !trains;
            if (!frozenLinear || !stored(local, weight)) {
                whole(weight, weight.name(), block.kind(), block.layer());
            }
            LoraModule module = adaptation.modules().get(weight.module());
            if (module != null && local.endsWith(".weight")) {
                adapter(module);
            }
        }

        private void head(WeightSpec weight) {
            boolean given = adaptation
                    .start()
                    .filter(start -> start.tensors().containsKey(weight.name()))
                    .isPresent();
            if (!given && !names.has(weight.name(), weight.shape())) {
                newWeights.add(new NewWeight(
                        weight.name(),
                        numbers(weight.shape()),
                        names.find(weight.name())
                                .map(stored -> numbers(source.info(stored).shape()))));
            }
        }

        private static List<Long> numbers(long[] shape) {
            return Arrays.stream(shape).boxed().toList();
        }

        /** Counts a frozen linear that stays in a form smaller than F32; whether it does. */
        private boolean stored(String local, WeightSpec weight) {
            String name = names.require(weight.name());
            long count = TensorInfo.count(weight.shape());
            if (Nf4Checkpoint.holds(source, name)) {
                mapped += Nf4.byteSize(count, true);
            } else if (adaptation.storage() == Adaptation.Storage.NF4
                    || adaptation.storage() == Adaptation.Storage.NF4_DOUBLE) {
                long bytes = Nf4.byteSize(count, adaptation.storage() == Adaptation.Storage.NF4_DOUBLE);
                frozen += bytes;
                nf4 += bytes;
                nf4Values += count;
            } else if (adaptation.storage() == Adaptation.Storage.AS_STORED && adaptation.bf16()) {
                bf16(name, count);
                parameters += count;
                return true;
            } else if (adaptation.storage() == Adaptation.Storage.AS_STORED
                    && source.info(name).dtype() != TensorType.F32) {
                mapped += source.info(name).byteSize();
            } else {
                return false;
            }
            parameters += count;
            TensorType type = adaptation.bf16() ? TensorType.BF16 : TensorType.F32;
            staging.put(local + Arrays.toString(weight.shape()), count * type.bytes());
            return true;
        }

        /** Counts a weight that is there in BF16. */
        private void bf16(String name, long count) {
            long bytes = count * TensorType.BF16.bytes();
            if (source.info(name).dtype() == TensorType.BF16) {
                mapped += bytes;
            } else {
                frozen += bytes;
            }
        }

        /** Counts the embedding table or a weight of the projection. */
        private void vocabulary(WeightSpec weight, String stored, BlockKind kind) {
            Optional<TensorInfo> there = names.find(stored).map(source::info);
            boolean bf16 = adaptation.bf16()
                    && !hasRows(weight)
                    && !adaptation.trainable().trains(weight.name(), kind, -1)
                    && there.filter(info -> info.dtype() == TensorType.BF16)
                            .filter(info -> Arrays.equals(info.shape(), weight.shape()))
                            .isPresent();
            if (bf16) {
                long count = TensorInfo.count(weight.shape());
                parameters += count;
                mapped += count * TensorType.BF16.bytes();
            } else {
                whole(weight, stored, kind, -1);
            }
        }

        /** Whether it is the embedding table and has rows that are trained by themselves. */
        private boolean hasRows(WeightSpec weight) {
            return !adaptation.tokens().isEmpty()
                    && weight.name().equals(architecture.table().name());
        }

        /** Counts rows of the embedding table that are trained by themselves. */
        private void tokenRows(WeightSpec table) {
            long count = adaptation.tokens().size() * table.shape()[1];
            parameters += count;
            trained += count;
            // With the base's, which they stand for.
            adapters += 2 * count * Float.BYTES;
        }

        /** Counts a weight in F32. */
        private void whole(WeightSpec weight, String stored, BlockKind kind, int layer) {
            long count = TensorInfo.count(weight.shape());
            parameters += count;
            if (adaptation.trainable().trains(weight.name(), kind, layer)) {
                trained += count;
                trainedWeights += count * Float.BYTES;
                return;
            }
            Optional<TensorInfo> there = names.find(stored).map(source::info);
            boolean usedInPlace = !hasRows(weight)
                    && there.filter(info -> info.dtype() == TensorType.F32)
                            .filter(info -> Arrays.equals(info.shape(), weight.shape()))
                            .isPresent();
            if (usedInPlace) {
                mapped += count * Float.BYTES;
            } else {
                frozen += count * Float.BYTES;
            }
        }

        private void adapter(LoraModule module) {
            long count = TensorInfo.count(module.shapeOfA()) + TensorInfo.count(module.shapeOfB());
            adapters += count * Float.BYTES;
            if (module.dora()) {
                long magnitude = TensorInfo.count(module.shapeOfMagnitude());
                count += magnitude;
                // With the norms and the squares that they are computed from.
                adapters += 3 * magnitude * Float.BYTES;
            }
            parameters += count;
            trained += count;
        }
    }
}
