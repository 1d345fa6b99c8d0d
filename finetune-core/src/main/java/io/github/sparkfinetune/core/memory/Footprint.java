package io.github.sparkfinetune.core.memory;

import io.github.sparkfinetune.core.adapter.LoraModule;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.BlockSpec;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.model.weight.LmHead;
import io.github.sparkfinetune.core.model.weight.WeightPlacement;
import io.github.sparkfinetune.core.model.weight.WeightPlacements;
import io.github.sparkfinetune.core.quant.Nf4;
import io.github.sparkfinetune.core.quant.Nf4Cache;
import io.github.sparkfinetune.core.safetensors.TensorInfo;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.safetensors.TensorType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Number of a model's parameters and location of their values once it is loaded, predicted from its configuration and
 * the headers of its weights only.
 *
 * @param parameters numbers of parameters
 * @param weights bytes of the base model's weights
 * @param adapters bytes of the adapters' weights
 * @param staging bytes of the buffers that stored weights are widened into, one layer at a time
 * @param largestGradient bytes of the trained parameters of the largest block that PyTorch differentiates, whose
 *     gradients exist twice for a moment
 * @param newWeights weights of the head that begin with new values
 */
public record Footprint(
        Parameters parameters,
        WeightBytes weights,
        long adapters,
        long staging,
        long largestGradient,
        List<NewWeight> newWeights) {

    /**
     * Numbers of parameters.
     *
     * @param all all parameters, the adapters' included
     * @param trained trained parameters
     * @param trainedTable parameters of the embedding table if it is trained
     * @param trainedLayers trained parameters of the layers, without those of adapters
     * @param trainedBody trained parameters of all blocks before the head, with those of adapters
     * @param sharded parts of the trained parameters that ranks can share
     */
    public record Parameters(
            long all,
            long trained,
            long trainedTable,
            long trainedLayers,
            long trainedBody,
            ShardedParameters sharded) {}

    /**
     * Returns this footprint with other bytes of trained weights and their copies, less frozen ones, and more staging
     * buffers.
     */
    public Footprint with(long trainedWeights, long lessFrozen, long moreStaging) {
        long lessMapped = Math.min(lessFrozen, weights.mapped());
        return new Footprint(
                parameters,
                new WeightBytes(
                        weights.mapped() - lessMapped,
                        weights.frozen() - (lessFrozen - lessMapped),
                        weights.direct(),
                        trainedWeights,
                        0),
                adapters,
                staging + moreStaging,
                largestGradient,
                newWeights);
    }

    /**
     * Returns a model's footprint.
     *
     * @param classes number of classes of its head; ignored for a language model
     */
    public static Footprint of(
            Architecture architecture, TensorSource source, HeadKind head, int classes, Adaptation adaptation) {
        return new Count(source, adaptation, architecture).all(head, classes);
    }

    /** Sums over a model's weights. */
    private static final class Count {
        private final Architecture architecture;
        private final TensorSource source;
        private final Adaptation adaptation;
        private final WeightPlacements placements;
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
        private long shardedValues;
        private long largestLayer;
        private long largestGathered;
        private long copies;
        private long codes;
        private long largestCodes;
        private long trainedBody;

        Count(TensorSource source, Adaptation adaptation, Architecture architecture) {
            this.architecture = architecture;
            this.source = source;
            this.adaptation = adaptation;
            this.placements = new WeightPlacements(source, architecture, adaptation);
        }

        Footprint all(HeadKind head, int classes) {
            WeightSpec table = architecture.table();
            count(table, placements.vocabulary(table, BlockKind.EMBEDDINGS, table.name()));
            long trainedTable = trained;
            tokenRows(table);
            for (BlockSpec block : architecture.blocks(head, classes)) {
                long before = trained;
                long base = trainedWeights;
                long before4Bit = codes;
                long copied = copies;
                block.weights().forEach((local, weight) -> add(block, local, weight));
                if (block.kind() == BlockKind.LAYER) {
                    largestCodes = Math.max(largestCodes, codes - before4Bit);
                    long ofLayer = (trainedWeights - base) / Float.BYTES;
                    shardedValues += ofLayer;
                    largestLayer = Math.max(largestLayer, ofLayer);
                    // A linear of 2n bytes in BF16 has 4n in F32.
                    largestGathered = Math.max(largestGathered, ofLayer * Float.BYTES - (copies - copied));
                }
                trainedBody += block.kind() == BlockKind.HEAD ? 0 : trained - before;
                if (!architecture.isWritten(block.kind(), head, adaptation.bf16())) {
                    largestGradient = Math.max(largestGradient, (trained - before) * Float.BYTES);
                }
            }
            architecture.shared().values().forEach(weight -> count(weight, placements.shared(weight)));
            long others = trained;
            LmHead.of(architecture, head, adaptation)
                    .ifPresent(lmHead -> lmHead.weights()
                            .forEach((local, weight) -> count(
                                    weight, placements.vocabulary(weight, BlockKind.HEAD, lmHead.stored(local)))));
            long own = trained - others;
            boolean isOwn = own >= TensorInfo.count(table.shape());
            long lmHead = isOwn ? own : architecture.lmHead(head).isEmpty() ? 0 : trainedTable;
            // The codes of a larger model are mapped from a file, unless the file cannot be written.
            long direct = nf4Values < Nf4Cache.WORTH_KEEPING ? nf4 : 0;
            ShardedParameters sharded = adaptation.lora().isPresent()
                    ? new ShardedParameters(
                            0,
                            0,
                            0,
                            new ShardedParameters.Gathered(0, 0, 0),
                            direct == 0 ? codes : 0,
                            direct == 0 ? largestCodes : 0)
                    : new ShardedParameters(
                            shardedValues + trainedTable + (isOwn ? own : 0),
                            largestLayer,
                            lmHead,
                            new ShardedParameters.Gathered(
                                    shardedValues * Float.BYTES - copies,
                                    largestGathered,
                                    lmHead * (adaptation.bf16() ? TensorType.BF16 : TensorType.F32).bytes()),
                            0,
                            0);
            long buffers = staging.values().stream().mapToLong(Long::longValue).sum();
            return new Footprint(
                    new Parameters(parameters, trained, trainedTable, shardedValues, trainedBody, sharded),
                    new WeightBytes(mapped, frozen, direct, trainedWeights, copies),
                    adapters,
                    buffers,
                    largestGradient,
                    List.copyOf(newWeights));
        }

        private void add(BlockSpec block, String local, WeightSpec weight) {
            WeightPlacement placement = placements.of(block, weight);
            if (block.kind() == BlockKind.HEAD && placement == WeightPlacement.TRAINED) {
                head(weight);
            }
            count(weight, placement);
            if (placement == WeightPlacement.TRAINED && adaptation.bf16() && block.isLayerLinear(weight)) {
                copies += TensorInfo.count(weight.shape()) * TensorType.BF16.bytes();
            }
            if (placement.isWidened()) {
                TensorType type = adaptation.bf16() ? TensorType.BF16 : TensorType.F32;
                staging.put(local + Arrays.toString(weight.shape()), TensorInfo.count(weight.shape()) * type.bytes());
            }
            LoraModule module = adaptation.modules().get(weight.module());
            if (module != null && local.endsWith(".weight")) {
                adapter(module, block.kind() == BlockKind.LAYER && architecture.castsAdapters() && adaptation.bf16());
            }
        }

        private void head(WeightSpec weight) {
            boolean known = adaptation
                    .start()
                    .filter(start -> start.tensors().containsKey(weight.name()))
                    .isPresent();
            if (!known && !placements.names().has(weight.name(), weight.shape())) {
                newWeights.add(new NewWeight(
                        weight.name(),
                        numbers(weight.shape()),
                        placements
                                .names()
                                .find(weight.name())
                                .map(stored -> numbers(source.info(stored).shape()))));
            }
        }

        private static List<Long> numbers(long[] shape) {
            return Arrays.stream(shape).boxed().toList();
        }

        private void count(WeightSpec weight, WeightPlacement placement) {
            long count = TensorInfo.count(weight.shape());
            parameters += count;
            switch (placement) {
                case TRAINED -> {
                    trained += count;
                    trainedWeights += count * Float.BYTES;
                }
                case F32 -> frozen += count * Float.BYTES;
                case MAPPED_F32 -> mapped += count * Float.BYTES;
                case BF16 -> frozen += count * TensorType.BF16.bytes();
                case MAPPED_BF16 -> mapped += count * TensorType.BF16.bytes();
                // F16 has as many bytes.
                case WIDENED -> mapped += count * TensorType.BF16.bytes();
                case STORED_NF4 -> {
                    mapped += Nf4.byteSize(count, true);
                    codes += count / 2;
                }
                case NF4, NF4_DOUBLE -> {
                    long bytes = Nf4.byteSize(count, placement == WeightPlacement.NF4_DOUBLE);
                    frozen += bytes;
                    nf4 += bytes;
                    codes += count / 2;
                    nf4Values += count;
                }
            }
        }

        /** Counts separately trained rows of the embedding table. */
        private void tokenRows(WeightSpec table) {
            long count = adaptation.tokens().size() * table.shape()[1];
            parameters += count;
            trained += count;
            // The base's rows, which these replace, are kept too.
            adapters += 2 * count * Float.BYTES;
        }

        /** @param casts whether products read a copy of the adapter in BF16 */
        private void adapter(LoraModule module, boolean casts) {
            long count = TensorInfo.count(module.shapeOfA()) + TensorInfo.count(module.shapeOfB());
            adapters += count * (Float.BYTES + (casts && !module.dora() ? TensorType.BF16.bytes() : 0));
            if (module.dora()) {
                long magnitude = TensorInfo.count(module.shapeOfMagnitude());
                count += magnitude;
                // The norms, and the squares that they are computed from, are kept too.
                adapters += 3 * magnitude * Float.BYTES;
            }
            parameters += count;
            trained += count;
        }
    }
}
