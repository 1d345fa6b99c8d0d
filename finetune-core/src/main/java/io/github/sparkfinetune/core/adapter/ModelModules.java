package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.quant.Nf4Checkpoint;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The linears of a model, found in its weights: every matrix named {@code MODULE.weight} which is no embedding. A
 * checkpoint of a bare model ({@code BertModel}, {@code GPT2Model}) lacks the prefix that its parameters have in a
 * model with a head; names here always have it.
 */
public final class ModelModules {
    /** Of a decoder: what turns hidden states into logits. */
    static final String LM_HEAD = "lm_head";

    private static final Map<String, String> PREFIX = Map.of(
            "bert", "bert.",
            "roberta", "roberta.",
            "distilbert", "distilbert.",
            "gpt2", "transformer.",
            "llama", "model.",
            "mistral", "model.",
            "qwen2", "model.",
            "qwen3", "model.");

    private static final Map<String, String> DECODER_TABLE = Map.of(
            "gpt2", "transformer.wte.weight",
            "llama", "model.embed_tokens.weight",
            "mistral", "model.embed_tokens.weight",
            "qwen2", "model.embed_tokens.weight",
            "qwen3", "model.embed_tokens.weight");

    /** Modules outside the prefix, by the first part of their names. */
    private static final Set<String> HEADS =
            Set.of(LM_HEAD, "classifier", "pre_classifier", "score", "qa_outputs", "cls");

    private static final Set<String> OUTPUT_HEADS = Set.of(LM_HEAD, "classifier", "score", "cls.predictions.decoder");

    private static final Set<String> EMBEDDINGS =
            Set.of("embed_tokens", "wte", "wpe", "word_embeddings", "position_embeddings", "token_type_embeddings");

    private static final String WEIGHT = ".weight";

    /** The first number between dots is the layer's, as PEFT reads names. */
    private static final Pattern LAYER = Pattern.compile(".*?\\.[^.]*\\.(\\d{1,6})\\..*");

    private ModelModules() {}

    /**
     * The linears in the order of the weights.
     *
     * @throws RunException when the architecture is not known
     */
    public static List<LinearModule> linears(HfConfig config, TensorSource weights) {
        List<LinearModule> linears = new ArrayList<>();
        boolean conv1d = config.modelType().equals("gpt2");
        boolean bare = isBare(config, weights);
        boolean head = false;
        for (String stored : weights.names()) {
            String name = bare ? prefixed(config, stored) : stored;
            if (!name.endsWith(WEIGHT) || weights.info(stored).shape().length != 2) {
                continue;
            }
            long[] shape = Nf4Checkpoint.holds(weights, stored)
                    ? Nf4Checkpoint.read(weights, stored).shape()
                    : weights.info(stored).shape();
            String module = name.substring(0, name.length() - WEIGHT.length());
            if (!EMBEDDINGS.contains(module.substring(module.lastIndexOf('.') + 1))) {
                linears.add(linear(module, shape, conv1d && !module.equals(LM_HEAD)));
                head |= module.equals(LM_HEAD);
            }
        }
        String table = DECODER_TABLE.get(config.modelType());
        if (table != null && !head) {
            String stored = bare ? table.substring(prefix(config).length()) : table;
            linears.add(linear(LM_HEAD, weights.info(stored).shape(), false));
        }
        return linears;
    }

    private static LinearModule linear(String module, long[] shape, boolean conv1d) {
        int rows = Math.toIntExact(shape[0]);
        int columns = Math.toIntExact(shape[1]);
        Matcher layer = LAYER.matcher(module + ".");
        return new LinearModule(
                module,
                conv1d ? rows : columns,
                conv1d ? columns : rows,
                conv1d,
                layer.matches() ? Integer.parseInt(layer.group(1)) : -1,
                OUTPUT_HEADS.contains(module));
    }

    /** Whether the weights are those of a model without a head, whose names lack the prefix. */
    static boolean isBare(HfConfig config, TensorSource weights) {
        String prefix = prefix(config);
        return weights.names().stream().noneMatch(name -> name.startsWith(prefix));
    }

    /** The name that a bare model's tensor has in a model with a head. */
    static String prefixed(HfConfig config, String stored) {
        String first = stored.substring(0, Math.max(0, stored.indexOf('.')));
        return HEADS.contains(first) ? stored : prefix(config) + stored;
    }

    /** Name of a decoder's table of token embeddings, null for an encoder. */
    static String decoderTable(HfConfig config) {
        return DECODER_TABLE.get(config.modelType());
    }

    /**
     * Whether a decoder's head is its table of token embeddings. Of the classes of {@code transformers} GPT-2's alone
     * ties them where {@code config.json} says nothing.
     */
    static boolean tiesHead(HfConfig config) {
        return decoderTable(config) != null
                && config.find("tie_word_embeddings")
                        .map(value -> value.asBoolean())
                        .orElse(config.modelType().equals("gpt2"));
    }

    private static String prefix(HfConfig config) {
        String prefix = PREFIX.get(config.modelType());
        if (prefix == null) {
            throw RunException.data(config.source() + ": model_type " + config.modelType()
                    + " is not supported; supported are "
                    + String.join(", ", PREFIX.keySet().stream().sorted().toList()));
        }
        return prefix;
    }
}
