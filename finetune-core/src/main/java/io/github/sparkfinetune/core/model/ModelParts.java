package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a model is made of: the text that computes it, and its weights in blocks. See {@link Model} for each.
 *
 * @param architecture its family's
 * @param head what it predicts
 * @param matmul what computes matrix products
 * @param script the text that computes it
 * @param table the embedding table
 * @param blocks in the order of computation
 * @param shared weights that every layer reads besides its own
 * @param output what the loss maps the last block's output to logits by
 */
record ModelParts(
        Architecture architecture,
        HeadKind head,
        MatmulBackend matmul,
        ScriptModule script,
        Table table,
        List<Block> blocks,
        Optional<ParameterGroup> shared,
        Output output) {

    /**
     * The embedding table.
     *
     * @param parameter the table itself
     * @param tokenRows rows of it that are trained where it is frozen
     */
    record Table(Parameter parameter, Optional<TokenRows> tokenRows) {}

    /**
     * What the loss maps the last block's output to logits by.
     *
     * @param projection weights of its own, where it has any
     * @param weights all that it reads, as products read them; empty where that output is logits
     */
    record Output(Optional<ParameterGroup> projection, Map<String, NDArray> weights) {}

    ModelParts {
        blocks = List.copyOf(blocks);
    }

    /**
     * Loads them.
     *
     * @param manager owner of the weights, and their device
     * @param matmul what computes matrix products
     * @param attributes constants of the text
     * @param classes what the head tells apart; unused by language models
     * @param source weights; a head that is missing or of another size is drawn anew
     * @param adaptation what is trained, and how the rest is stored
     * @param seed of new weights
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
        ScriptModule script = ScriptModule.load(manager, List.of(matmul.module(), architecture.script()), attributes);
        Adaptation adapted = adaptation.withBf16(matmul == MatmulBackend.BF16);
        Weights weights = new Weights(source, architecture, manager, script, adapted, seed);
        Blocks builder = new Blocks(weights);
        WeightSpec spec = architecture.table();
        Parameter table = weights.vocabulary(spec, BlockKind.EMBEDDINGS, spec.name());
        Optional<TokenRows> tokenRows = TokenRows.of(weights, spec, table);
        builder.share(architecture.shared());
        List<Block> blocks =
                architecture.blocks(head, classes).stream().map(builder::block).toList();
        Optional<ParameterGroup> projection =
                Projection.of(architecture, head, adaptation).map(builder::projection);
        builder.requireAllUsed();
        return new ModelParts(
                architecture,
                head,
                matmul,
                script,
                new Table(table, tokenRows),
                blocks,
                builder.shared(),
                new Output(
                        projection, ProjectionWeights.of(weights, architecture, head, table, projection, tokenRows)));
    }
}
