package io.github.sparkfinetune.core.arch.debertav2;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.ActivationNames;
import io.github.sparkfinetune.core.arch.BatchShape;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.BlockSpec;
import io.github.sparkfinetune.core.arch.ConfiguredEncoder;
import io.github.sparkfinetune.core.arch.HeadSpec;
import io.github.sparkfinetune.core.arch.LayerBytes;
import io.github.sparkfinetune.core.arch.LayerBytes.Tensors;
import io.github.sparkfinetune.core.arch.LayerUse;
import io.github.sparkfinetune.core.arch.MaskedLmHead;
import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.arch.WeightSpecs;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * DeBERTa-v2 and -v3, as {@code transformers/models/deberta_v2/modeling_deberta_v2.py} computes them: BERT's layers
 * whose scores have terms for the relative position of query and key. The terms read a table that all layers share,
 * with their own linears or with the linears of queries and keys.
 */
public final class DebertaV2 extends ConfiguredEncoder {
    private static final String NORM = "norm";
    private static final String LAYER_NORM = "LayerNorm";
    private static final String POOLER_ACT = "pooler_hidden_act";
    private static final String LEGACY = "legacy";
    private static final String CONV = "conv_kernel_size";
    private static final String BUCKETS = "position_buckets";
    private static final String MAX_RELATIVE = "max_relative_positions";

    private final List<String> terms;

    /** @param config configuration with the keys of {@code DebertaV2Config} */
    public DebertaV2(HfConfig config) {
        super(config, shape(config));
        terms = names("pos_att_type");
    }

    private static ModelShape shape(HfConfig config) {
        int buckets = buckets(config);
        double dropout = config.rate(0.1, "hidden_dropout_prob");
        return new ModelShape(
                config.layers("num_hidden_layers"),
                ModelShape.Widths.ofEqualHeads(
                        config.size("hidden_size"),
                        config.size("hidden_size"),
                        config.divisor("num_attention_heads", "hidden_size"),
                        config.size("intermediate_size")),
                new ModelShape.Tables(
                        config.vocabSize(),
                        config.size("max_position_embeddings"),
                        config.integer("type_vocab_size").orElse(0),
                        0,
                        config.padTokenId().orElse(0),
                        2 * (buckets > 0 ? buckets : maxRelative(config))),
                config.number(1e-7, "layer_norm_eps"),
                config.text("hidden_act").orElse("gelu"),
                new ModelShape.DropoutRates(
                        dropout, dropout, dropout, config.rate(0.1, "attention_probs_dropout_prob")),
                config.number(0.02, "initializer_range"));
    }

    /** Returns the names in a list, or in a text with bars between names. */
    private List<String> names(String key) {
        boolean list = config.find(key).filter(value -> value.isArray()).isPresent();
        Stream<String> names = list
                ? StreamSupport.stream(config.find(key).orElseThrow().spliterator(), false)
                        .map(name -> name.asText())
                : Stream.of(config.text(key).orElse("").toLowerCase(Locale.ROOT).split("\\|"));
        return names.map(String::strip).toList();
    }

    private static int buckets(HfConfig config) {
        return config.integer(BUCKETS).orElse(-1);
    }

    private static int maxRelative(HfConfig config) {
        int most = config.integer(MAX_RELATIVE).orElse(-1);
        return most < 1 ? config.size("max_position_embeddings") : most;
    }

    @Override
    public String classPrefix() {
        return "DebertaV2";
    }

    @Override
    public void requireSupported() {
        ActivationNames.require(config, "hidden_act", shape.activation());
        ActivationNames.require(config, POOLER_ACT, poolerActivation());
        if (!config.flag(false, "relative_attention")) {
            throw RunException.data(config.source() + ": relative_attention false is not supported; only true is");
        }
        config.require("embedding_size", shape.hidden());
        config.require("pooler_hidden_size", shape.hidden());
        config.require("attention_head_size", shape.headWidth());
        if (config.integer(CONV).orElse(0) > 0) {
            throw RunException.data(config.source() + ": " + CONV + " " + config.size(CONV)
                    + " is not supported: models with a convolution after the first layer are not computed");
        }
        if (buckets(config) == 1) {
            throw RunException.data(config.source() + ": " + BUCKETS + " 1 is not supported; it must be at least 2");
        }
    }

    @Override
    public String script() {
        return "core.arch.debertav2.deberta_v2";
    }

    @Override
    public Map<String, Object> attributes() {
        return Map.of(
                "content_to_position",
                terms.contains("c2p"),
                "position_to_content",
                terms.contains("p2c"),
                BUCKETS,
                buckets(config),
                MAX_RELATIVE,
                maxRelative(config));
    }

    @Override
    public Set<String> relativeLinears() {
        return sharesLinears() ? Set.of("query", "key") : Set.of("relative_query", "relative_key");
    }

    private boolean sharesLinears() {
        return config.flag(false, "share_att_key");
    }

    @Override
    public String prefix() {
        return "deberta.";
    }

    @Override
    public Map<String, WeightSpec> embeddings() {
        String at = prefix() + "embeddings.";
        int hidden = shape.hidden();
        WeightSpecs weights = new WeightSpecs();
        if (config.flag(true, "position_biased_input")) {
            weights.embedding(
                    "position", at + "position_embeddings", shape.tables().positions(), hidden);
        }
        if (shape.tables().types() > 0) {
            weights.embedding(
                    "type", at + "token_type_embeddings", shape.tables().types(), hidden);
        }
        return weights.layerNorm(NORM, at + LAYER_NORM, hidden).map();
    }

    @Override
    public Map<String, WeightSpec> shared() {
        String at = prefix() + "encoder.";
        WeightSpecs weights = new WeightSpecs()
                .embedding("relative", at + "rel_embeddings", shape.tables().relative(), shape.hidden());
        return names("norm_rel_ebd").contains("layer_norm")
                ? weights.layerNorm("relative_norm", at + LAYER_NORM, shape.hidden())
                        .map()
                : weights.map();
    }

    @Override
    public BlockSpec layer(int layer) {
        String at = prefix() + "encoder.layer." + layer + ".";
        int hidden = shape.hidden();
        WeightSpecs weights = new WeightSpecs()
                .linear("query", at + "attention.self.query_proj", hidden, hidden)
                .linear("key", at + "attention.self.key_proj", hidden, hidden)
                .linear("value", at + "attention.self.value_proj", hidden, hidden);
        if (!sharesLinears() && terms.contains("c2p")) {
            weights.linear("relative_key", at + "attention.self.pos_key_proj", hidden, hidden);
        }
        if (!sharesLinears() && terms.contains("p2c")) {
            weights.linear("relative_query", at + "attention.self.pos_query_proj", hidden, hidden);
        }
        return new BlockSpec(
                BlockKind.LAYER,
                layer,
                weights.linear("attention_output", at + "attention.output.dense", hidden, hidden)
                        .layerNorm("attention_norm", at + "attention.output.LayerNorm", hidden)
                        .feedForward(at, hidden, shape.intermediate())
                        .map());
    }

    private String poolerActivation() {
        return config.text(POOLER_ACT).orElse("gelu");
    }

    @Override
    public HeadSpec sequenceHead(int classes) {
        return HeadSpec.overFirstToken(
                "pooler.dense",
                "classifier",
                classes,
                shape.hidden(),
                poolerActivation(),
                config.rate(0, "pooler_dropout"),
                config.rate(shape.dropout().hidden(), "cls_dropout"));
    }

    /**
     * Returns BERT's head. With {@code legacy: false}, which is refused, transformers ties the head's dense layer to
     * the embedding table.
     */
    @Override
    public MaskedLmHead maskedLmHead() {
        if (!config.flag(true, LEGACY)) {
            throw RunException.data(config.source() + ": " + LEGACY + " false is not supported for masked-lm");
        }
        return MaskedLmHead.predictions(shape.activation());
    }

    @Override
    public double tokenDropout() {
        return shape.dropout().hidden();
    }

    @Override
    public List<String> loraTargets() {
        return List.of("query_proj", "value_proj");
    }

    @Override
    public boolean isRecorded() {
        return true;
    }

    @Override
    public LayerBytes layerBytes(LayerUse use, BatchShape batch) {
        long hidden = shape.hidden();
        long wide = shape.intermediate();
        long probabilities = shape.heads() * batch.length();
        long rows = Math.min(shape.tables().relative(), 2L * batch.length() - 1);
        long scores = shape.heads() * rows;
        boolean drops = shape.dropout().probs() > 0;
        // Size of the table in values per token. The normed table after dropout is kept, and two linears' outputs for
        // the rows of distances that occur.
        long tokens = Math.max(1, batch.tokens());
        long table = shape.tables().relative() * hidden / tokens;
        long used = rows * hidden / tokens;
        // y; q and k for each of the three terms, v; attended; the sums and the tensors between; the feed-forward part
        // before and after its activation; means and deviations
        Tensors kept = Tensors.of(12, hidden, 2, wide, drops ? 2 : 1, probabilities, 2, table, 2, used, 4, 1);
        Tensors feedForward = Tensors.of(4, hidden, 2, wide);
        // Gradients of the probabilities and scores, and of the terms before their rows are selected.
        Tensors attention = Tensors.of(8, hidden, 3, probabilities, 2, scores, 1, table);
        Tensors forward = Tensors.of(3, hidden, 3, probabilities, 1, scores, 1, use.widestAdapted());
        long masks = use.droppedInputs()
                + (drops ? probabilities : 0)
                + (shape.dropout().hidden() > 0 ? 2 * hidden + table : 0);
        return LayerBytes.of(batch, kept, List.of(feedForward, attention), forward, masks);
    }
}
