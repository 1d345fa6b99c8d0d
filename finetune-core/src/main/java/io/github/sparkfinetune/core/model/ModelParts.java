package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.model.sharded.ShardedWeights;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.model.weight.LmHead;
import io.github.sparkfinetune.core.model.weight.LmHeadWeights;
import io.github.sparkfinetune.core.model.weight.PackedLinears;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.model.weight.ParameterGroup;
import io.github.sparkfinetune.core.model.weight.TokenRows;
import io.github.sparkfinetune.core.model.weight.Weights;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Parts of a model: its script, and its weights in blocks. {@link Model} describes each part.
 *
 * @param architecture architecture of the model's family
 * @param head head of the model
 * @param matmul backend of matrix products
 * @param script script of the model
 * @param table the embedding table
 * @param stack the blocks
 * @param output weights by which the loss maps the last block's output to logits
 * @param passes passes of the ranks that share the weights, or empty if this rank holds them whole
 */
record ModelParts(
        Architecture architecture,
        HeadKind head,
        MatmulBackend matmul,
        ScriptModule script,
        Table table,
        Stack stack,
        Output output,
        Optional<ShardedPasses> passes) {

    /**
     * The embedding table.
     *
     * @param parameter the table itself
     * @param tokenRows trained rows of a frozen table
     * @param sharded this rank's share of the table, or empty if this rank holds it whole
     */
    record Table(Parameter parameter, Optional<TokenRows> tokenRows, Optional<ShardedWeights> sharded) {
        private boolean isShared() {
            return sharded.isPresent();
        }
    }

    /**
     * The blocks.
     *
     * @param blocks blocks in the order of computation
     * @param shared weights that every layer reads besides its own
     */
    record Stack(List<Block> blocks, Optional<ParameterGroup> shared) {
        Stack {
            blocks = List.copyOf(blocks);
        }
    }

    /**
     * Weights by which the loss maps the last block's output to logits.
     *
     * @param lmHead the lm_head's own weights, or empty
     * @param weights all weights in the type that products read; empty if the last block's output is logits
     */
    record Output(Optional<ParameterGroup> lmHead, Map<String, NDArray> weights) {}

    private static boolean isShared(Optional<ParameterGroup> lmHead) {
        return lmHead.flatMap(ParameterGroup::sharded).isPresent();
    }

    List<Block> blocks() {
        return stack.blocks();
    }

    Optional<ParameterGroup> shared() {
        return stack.shared();
    }

    /**
     * Loads the parts of a model.
     *
     * @param manager owner of the weights; decides the device
     * @param matmul backend of matrix products
     * @param attributes constants of the script
     * @param classes number of classes of the head; language models ignore it
     * @param source weights; a missing head or a head of another size is initialised randomly
     * @param adaptation trained weights, and the storage of frozen weights
     * @param seed seed of new weights
     */
    static ModelParts load(
            NDManager manager,
            MatmulBackend matmul,
            Architecture architecture,
            Map<String, Object> attributes,
            HeadKind head,
            int classes,
            TensorSource source,
            Adaptation adaptation,
            long seed) {
        List<String> modules = new ArrayList<>(matmul.modules());
        modules.add(architecture.script());
        ScriptModule script = ScriptModule.load(manager, modules, attributes);
        Adaptation adapted = adaptation.withBf16(matmul.isBf16());
        Weights weights = new Weights(source, architecture, manager, script, adapted, seed);
        Optional<PackedLinears> packed = Optional.of(matmul)
                .filter(MatmulBackend::packs)
                .map(packing -> new PackedLinears(weights, architecture.joins(), packing.packs4Bits()));
        Blocks builder = new Blocks(weights, architecture.castsAdapters() && adapted.bf16(), packed);
        Table table = builder.table(architecture.table());
        builder.share(architecture.shared());
        List<Block> blocks =
                architecture.blocks(head, classes).stream().map(builder::block).toList();
        Optional<ParameterGroup> lmHead =
                LmHead.of(architecture, head, adaptation).map(builder::lmHead);
        builder.requireAllUsed();
        Map<String, NDArray> read =
                LmHeadWeights.of(weights, architecture, head, table.parameter(), lmHead, table.tokenRows());
        Stack stack = new Stack(blocks, builder.shared());
        Output output = new Output(lmHead, read);
        Optional<ShardedPasses> passes = adapted.ranks()
                .filter(ranks -> adapted.lora().isEmpty()
                        || table.isShared()
                        || isShared(lmHead)
                        || !builder.gathering().isEmpty())
                .map(ranks -> new ShardedPasses(
                        script,
                        weights.device(),
                        ranks,
                        architecture.shape().paddingId(),
                        table,
                        stack,
                        output,
                        builder.gathering()));
        return new ModelParts(architecture, head, matmul, script, table, stack, output, passes);
    }
}
