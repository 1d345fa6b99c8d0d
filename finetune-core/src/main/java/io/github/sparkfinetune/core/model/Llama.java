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
import java.util.TreeMap;

/**
 * Llama and its kin, as {@code transformers/models/{llama,mistral,qwen2,qwen3}} compute them: rotary positions, grouped
 * keys and values, RMS norms, a gated feed-forward part. Qwen 2 has biases on queries, keys and values, Qwen 3 norms on
 * the heads of queries and keys, Mistral a sliding window.
 */
final class Llama implements DecoderArchitecture {
    /** Hugging Face's class by {@code model_type}. */
    static final Map<String, String> CLASSES = new TreeMap<>(Map.of(
            "llama", "LlamaForCausalLM",
            "mistral", "MistralForCausalLM",
            "qwen2", "Qwen2ForCausalLM",
            "qwen3", "Qwen3ForCausalLM"));

    private static final String PREFIX = "model.";
    private static final int MISTRAL_WINDOW = 4096;

    private final String type;
    private final DecoderShape shape;
    private final boolean attentionBias;
    private final boolean outputBias;
    private final boolean mlpBias;

    Llama(HfConfig config) {
        type = config.modelType();
        attentionBias = type.equals("qwen2") || config.flag(false, "attention_bias");
        outputBias = !type.equals("qwen2") && attentionBias;
        mlpBias = type.equals("llama") && config.flag(false, "mlp_bias");
        String activation = config.text("hidden_act").orElse("silu");
        if (!activation.equals("silu")) {
            throw RunException.data(config.source() + ": hidden_act " + activation + " is not supported for " + type
                    + ", only silu is");
        }
        if (config.number(0, "attention_dropout") != 0) {
            throw RunException.data(config.source() + ": attention_dropout is not supported for " + type
                    + ": set it to 0; method.lora_dropout drops the adapters' inputs");
        }
        int heads = config.size("num_attention_heads");
        shape = new DecoderShape(
                config.numHiddenLayers(),
                config.hiddenSize(),
                heads,
                config.integer("num_key_value_heads").orElse(heads),
                config.integer("head_dim").orElseGet(() -> type.equals("qwen3") ? 128 : config.hiddenSize() / heads),
                config.intermediateSize(),
                config.vocabSize(),
                config.maxPositionEmbeddings(),
                config.padTokenId().orElse(-1),
                config.number(1e-6, "rms_norm_eps"),
                RopeScaling.theta(config),
                RopeScaling.of(config),
                window(config),
                config.flag(false, "tie_word_embeddings"),
                activation,
                0,
                0,
                0,
                config.initializerRange());
    }

    private static int window(HfConfig config) {
        if (config.modelType().equals("mistral")) {
            // Without the key transformers' default counts; null means no window.
            return config.has("sliding_window")
                    ? config.integer("sliding_window").orElse(0)
                    : MISTRAL_WINDOW;
        }
        boolean some = config.flag(false, "use_sliding_window")
                && config.integer("max_window_layers").orElse(0) < config.numHiddenLayers();
        if (some) {
            throw RunException.data(config.source() + ": use_sliding_window is not supported for " + config.modelType()
                    + ": set it to false, texts up to sliding_window are computed alike");
        }
        return 0;
    }

    @Override
    public String className() {
        return CLASSES.get(type);
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
        return PREFIX + "embed_tokens.weight";
    }

    @Override
    public Map<String, WeightSpec> embeddings() {
        return Map.of();
    }

    @Override
    public Map<String, WeightSpec> layer(int layer) {
        String at = PREFIX + "layers." + layer + ".";
        Map<String, WeightSpec> names = new LinkedHashMap<>();
        int hidden = shape.hidden();
        int keys = shape.keyWidth();
        linear(names, "q_proj", at + "self_attn.q_proj", shape.queryWidth(), hidden, attentionBias);
        linear(names, "k_proj", at + "self_attn.k_proj", keys, hidden, attentionBias);
        linear(names, "v_proj", at + "self_attn.v_proj", keys, hidden, attentionBias);
        linear(names, "o_proj", at + "self_attn.o_proj", hidden, shape.queryWidth(), outputBias);
        if (type.equals("qwen3")) {
            names.put("q_norm.weight", new WeightSpec(at + "self_attn.q_norm.weight", shape.headWidth()));
            names.put("k_norm.weight", new WeightSpec(at + "self_attn.k_norm.weight", shape.headWidth()));
        }
        linear(names, "gate_proj", at + "mlp.gate_proj", shape.intermediate(), hidden, mlpBias);
        linear(names, "up_proj", at + "mlp.up_proj", shape.intermediate(), hidden, mlpBias);
        linear(names, "down_proj", at + "mlp.down_proj", hidden, shape.intermediate(), mlpBias);
        for (String norm : new String[] {"input_layernorm.weight", "post_attention_layernorm.weight"}) {
            names.put(norm, new WeightSpec(at + norm, hidden));
        }
        return names;
    }

    private static void linear(
            Map<String, WeightSpec> names, String local, String full, int out, int in, boolean bias) {
        names.put(local + ".weight", new WeightSpec(full + ".weight", out, in));
        if (bias) {
            names.put(local + ".bias", new WeightSpec(full + ".bias", out));
        }
    }

    @Override
    public Map<String, WeightSpec> head() {
        return Map.of("norm.weight", new WeightSpec(PREFIX + "norm.weight", shape.hidden()));
    }

    @Override
    public String projection() {
        return "lm_head.weight";
    }

    @Override
    public boolean conv1d() {
        return false;
    }

    @Override
    public Optional<NDArray> frequencies(ScriptModule script, NDManager manager) {
        try (NDManager owner = manager.newSubManager()) {
            float[] frequencies = script.callOne(
                            owner, "inverse_frequencies", shape.headWidth(), shape.ropeTheta(), owner.create(0f))
                    .toFloatArray();
            shape.ropeScaling().ifPresent(scaling -> scaling.apply(frequencies));
            return Optional.of(manager.create(frequencies));
        }
    }

    @Override
    public NDArray forward(
            ScriptModule script,
            NDManager owner,
            Block block,
            NDArray x,
            PackedBatch batch,
            Map<String, NDArray> masks) {
        if (block.kind() == Block.Kind.HEAD) {
            return script.callOne(owner, "llama_head", x, block.weights(), batch.places(), shape.epsilon());
        }
        return script.callOne(
                owner,
                "llama_layer",
                x,
                block.weights(),
                batch.cosines(),
                batch.sines(),
                batch.documents(),
                batch.windows(),
                masks,
                shape.heads(),
                shape.kvHeads(),
                shape.epsilon(),
                DecoderArchitecture.fused(x));
    }

    @Override
    public NDArray prompts(
            ScriptModule script, NDManager owner, Block block, NDArray x, PackedBatch batch, KeyValueCache cache) {
        return script.callOne(
                owner,
                "llama_prompts",
                x,
                block.weights(),
                batch.cosines(),
                batch.sines(),
                batch.documents(),
                batch.windows(),
                Map.of(),
                shape.heads(),
                shape.kvHeads(),
                shape.epsilon(),
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
                "llama_token",
                x,
                block.weights(),
                batch.cosines(),
                batch.sines(),
                Map.of(),
                shape.heads(),
                shape.kvHeads(),
                shape.epsilon(),
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
        if (block.kind() == Block.Kind.HEAD) {
            return GraphTape.record(
                    script, owner, block, x, wanted, input -> forward(script, owner, block, input, batch, masks));
        }
        return new LlamaTape(script, shape, owner, block, x, wanted, batch, masks);
    }
}
