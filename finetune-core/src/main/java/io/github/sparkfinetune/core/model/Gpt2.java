package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** GPT-2, as {@code transformers/models/gpt2/modeling_gpt2.py} computes it. */
final class Gpt2 implements DecoderArchitecture {
    static final String MODEL_TYPE = "gpt2";

    private static final String PREFIX = "transformer.";

    private final DecoderShape shape;

    Gpt2(HfConfig config) {
        if (!config.flag(true, "scale_attn_weights") || config.flag(false, "scale_attn_by_inverse_layer_idx")) {
            throw RunException.data(config.source()
                    + ": only scale_attn_weights: true and scale_attn_by_inverse_layer_idx: false are supported");
        }
        int hidden = config.size("n_embd");
        int heads = config.size("n_head");
        shape = new DecoderShape(
                config.size("n_layer"),
                hidden,
                heads,
                heads,
                hidden / heads,
                config.integer("n_inner").orElse(4 * hidden),
                config.vocabSize(),
                config.size("n_positions"),
                -1,
                config.number(1e-5, "layer_norm_epsilon"),
                0,
                Optional.empty(),
                0,
                config.flag(true, "tie_word_embeddings"),
                EncoderShape.activation(
                        config, config.text("activation_function").orElse("gelu_new")),
                config.number(0.1, "embd_pdrop"),
                config.number(0.1, "attn_pdrop"),
                config.number(0.1, "resid_pdrop"),
                config.initializerRange());
    }

    @Override
    public String className() {
        return "GPT2LMHeadModel";
    }

    @Override
    public DecoderShape shape() {
        return shape;
    }

    @Override
    public String prefix() {
        return PREFIX;
    }

    @Override
    public String table() {
        return PREFIX + "wte.weight";
    }

    @Override
    public Map<String, WeightSpec> embeddings() {
        return Map.of("position.weight", new WeightSpec(PREFIX + "wpe.weight", shape.positions(), shape.hidden()));
    }

    @Override
    public Map<String, WeightSpec> layer(int layer) {
        String at = PREFIX + "h." + layer + ".";
        int hidden = shape.hidden();
        Map<String, WeightSpec> names = new LinkedHashMap<>();
        norm(names, "ln_1", at);
        conv(names, "attn.c_attn", at, hidden, 3 * hidden);
        conv(names, "attn.c_proj", at, hidden, hidden);
        norm(names, "ln_2", at);
        conv(names, "mlp.c_fc", at, hidden, shape.intermediate());
        conv(names, "mlp.c_proj", at, shape.intermediate(), hidden);
        return names;
    }

    private void norm(Map<String, WeightSpec> names, String local, String at) {
        names.put(local + ".weight", new WeightSpec(at + local + ".weight", shape.hidden()));
        names.put(local + ".bias", new WeightSpec(at + local + ".bias", shape.hidden()));
    }

    private static void conv(Map<String, WeightSpec> names, String local, String at, int in, int out) {
        names.put(local + ".weight", new WeightSpec(at + local + ".weight", in, out));
        names.put(local + ".bias", new WeightSpec(at + local + ".bias", out));
    }

    @Override
    public Map<String, WeightSpec> head() {
        Map<String, WeightSpec> names = new LinkedHashMap<>();
        norm(names, "ln_f", PREFIX);
        return names;
    }

    @Override
    public String projection() {
        return "lm_head.weight";
    }

    @Override
    public boolean conv1d() {
        return true;
    }

    @Override
    public Optional<NDArray> frequencies(ScriptModule script, NDManager manager) {
        return Optional.empty();
    }

    @Override
    public NDArray forward(
            ScriptModule script,
            NDManager owner,
            Block block,
            NDArray x,
            PackedBatch batch,
            Map<String, NDArray> masks) {
        return switch (block.kind()) {
            case EMBEDDINGS ->
                script.callOne(
                        owner,
                        "gpt2_embeddings",
                        x,
                        block.weights(),
                        batch.positions(),
                        masks,
                        Dropout.scale(shape.embeddingDropout()));
            case LAYER ->
                script.callOne(
                        owner,
                        "gpt2_layer",
                        x,
                        block.weights(),
                        batch.documents(),
                        masks,
                        shape.heads(),
                        shape.epsilon(),
                        shape.activation(),
                        Dropout.scale(shape.probsDropout()),
                        Dropout.scale(shape.residualDropout()),
                        // The fused kernel records no graph.
                        false);
            case HEAD -> script.callOne(owner, "gpt2_head", x, block.weights(), batch.places(), shape.epsilon());
            case PROJECTION -> throw new IllegalArgumentException("the projection is part of the loss");
        };
    }

    @Override
    public NDArray prompts(
            ScriptModule script, NDManager owner, Block block, NDArray x, PackedBatch batch, KeyValueCache cache) {
        return script.callOne(
                owner,
                "gpt2_prompts",
                x,
                block.weights(),
                batch.documents(),
                Map.of(),
                shape.heads(),
                shape.epsilon(),
                shape.activation(),
                DecoderArchitecture.fused(x),
                cache.keys(block.layer()),
                cache.values(block.layer()),
                cache.end());
    }

    @Override
    public NDArray tokens(
            ScriptModule script,
            NDManager owner,
            Block block,
            NDArray x,
            PackedBatch batch,
            KeyValueCache cache,
            List<NDArray> bias) {
        return script.callOne(
                owner,
                "gpt2_token",
                x,
                block.weights(),
                Map.of(),
                shape.epsilon(),
                shape.activation(),
                cache.keys(block.layer()),
                cache.values(block.layer()),
                cache.begin(),
                cache.end() - 1,
                bias);
    }

    @Override
    public Tape record(
            ScriptModule script,
            NDManager owner,
            Block block,
            NDArray x,
            boolean wanted,
            PackedBatch batch,
            Map<String, NDArray> masks) {
        return GraphTape.record(
                script, owner, block, x, wanted, input -> forward(script, owner, block, input, batch, masks));
    }
}
