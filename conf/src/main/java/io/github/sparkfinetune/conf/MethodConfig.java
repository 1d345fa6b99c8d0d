package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Key;
import java.io.Serializable;
import java.util.List;
import java.util.Map;

/**
 * Choice of the trained parameters. The keys of LoRA are the keys of PEFT's {@code LoraConfig}.
 *
 * @param type kind of fine-tuning
 * @param freezeLayers number of first layers that stay frozen, besides the embeddings; 0: only the embeddings; null:
 *     everything except the head
 * @param adapter folder of a PEFT adapter to continue training, with the settings of that adapter; null: a new adapter
 * @param r rank of a new adapter
 * @param loraAlpha numerator of the adapter's scale, {@code lora_alpha / r}
 * @param loraDropout dropout probability of the adapter's input
 * @param bias biases to train
 * @param useRslora whether the scale is {@code lora_alpha / sqrt(r)}
 * @param useDora whether adapters are weight-decomposed (DoRA), with a trained magnitude for each row
 * @param initLoraWeights initialisation of new adapters: {@code true} or {@code gaussian} (the adapter adds nothing at
 *     first), {@code pissa} or the faster {@code pissa_niter_4} (principal components of the weights; lora),
 *     {@code loftq} (quantization error of the 4-bit weights; qlora)
 * @param targetModules linears that get an adapter: names, a regular expression or {@code all-linear}; null: PEFT's
 *     choice for the architecture
 * @param rankPattern ranks that differ from {@code r}, by module names or regular expressions
 * @param alphaPattern values that differ from {@code lora_alpha}, by module names or regular expressions
 * @param layersToTransform indices of the layers that get adapters, from 0; empty: all
 * @param modulesToSave modules that are trained without an adapter and saved with it
 * @param trainableTokenIndices ids of tokens whose embeddings are trained, such as new special tokens; empty: none
 * @param bnb4bitUseDoubleQuant qlora: whether the scales of the 4-bit blocks are quantized to 8 bits
 */
public record MethodConfig(
        @Key(hf = Key.NOT_IN_HF) Type type,
        @Key(optional = true, hf = Key.NOT_IN_HF) Integer freezeLayers,

        @Key(optional = true, path = true, hf = "PeftModel.from_pretrained")
        String adapter,

        int r,
        double loraAlpha,
        double loraDropout,
        LoraBias bias,
        boolean useRslora,
        boolean useDora,
        String initLoraWeights,
        @Key(optional = true) ModuleNames targetModules,
        Map<String, Object> rankPattern,
        Map<String, Object> alphaPattern,
        List<Integer> layersToTransform,
        List<String> modulesToSave,
        List<Integer> trainableTokenIndices,

        @Key(hf = "BitsAndBytesConfig") @JsonProperty("bnb_4bit_use_double_quant")
        boolean bnb4bitUseDoubleQuant)
        implements Serializable {
    private static final String INIT = "method.init_lora_weights";

    /** PEFT's default of {@code init_lora_weights}: B is zero. */
    public static final String DEFAULT_INIT = "true";

    /** A drawn from a normal distribution. */
    public static final String GAUSSIAN = "gaussian";

    /** The adapter starts from the principal components of the weights. */
    private static final String PISSA = "pissa";

    /** The adapter starts from the error of the 4-bit quantization. */
    public static final String LOFTQ = "loftq";

    private static final String TOKENS = "method.trainable_token_indices";

    /** Biases that LoRA trains besides its adapters, as PEFT's {@code bias}. */
    public enum LoraBias {
        /** No bias. */
        @JsonProperty("none")
        NONE,
        /** Every bias of the model. */
        @JsonProperty("all")
        ALL,
        /** The biases of the adapted linears. */
        @JsonProperty("lora_only")
        LORA_ONLY
    }

    /** Kind of fine-tuning. */
    public enum Type {
        /** Every parameter. */
        @JsonProperty("full")
        FULL,
        /** The head and the layers above {@code freeze_layers}. */
        @JsonProperty("freeze")
        FREEZE,
        /** Low-rank adapters over a frozen model. */
        @JsonProperty("lora")
        LORA,
        /** Low-rank adapters over a frozen model in 4 bits. */
        @JsonProperty("qlora")
        QLORA
    }

    public MethodConfig {
        Check.that(r >= 1, "method.r", r, "at least 1");
        Check.that(loraAlpha > 0, "method.lora_alpha", loraAlpha, "above 0");
        Check.fraction("method.lora_dropout", loraDropout);
        Check.present("method.bias", bias);
        Check.that(
                initLoraWeights != null
                        && initLoraWeights.matches("true|gaussian|pissa|pissa_niter_[1-9]\\d{0,2}|loftq"),
                INIT,
                initLoraWeights,
                "true, gaussian, pissa, pissa_niter_[number of iterations] or loftq");
        Check.present("method.rank_pattern", rankPattern);
        Check.present("method.alpha_pattern", alphaPattern);
        Check.present("method.layers_to_transform", layersToTransform);
        Check.present("method.modules_to_save", modulesToSave);
        Check.present(TOKENS, trainableTokenIndices);
        rankPattern.forEach((module, rank) -> Check.that(
                rank instanceof Integer number && number >= 1,
                "method.rank_pattern." + module,
                rank,
                "a whole number of at least 1"));
        alphaPattern.forEach((module, alpha) -> Check.that(
                alpha instanceof Number number && number.doubleValue() > 0,
                "method.alpha_pattern." + module,
                alpha,
                "a number above 0"));
        layersToTransform.forEach(layer ->
                Check.that(layer >= 0, "method.layers_to_transform", layer, "a list of numbers of at least 0"));
        Check.that(
                trainableTokenIndices.stream().distinct().filter(id -> id >= 0).count() == trainableTokenIndices.size(),
                TOKENS,
                trainableTokenIndices,
                "a list of token ids of at least 0, each once");
        modulesToSave = List.copyOf(modulesToSave);
        trainableTokenIndices = List.copyOf(trainableTokenIndices);
        layersToTransform = List.copyOf(layersToTransform);
        Check.present("method.type", type);
        Check.that(
                freezeLayers == null || type == Type.FREEZE,
                "method.freeze_layers",
                freezeLayers,
                "used with method.type: freeze only");
        Check.that(freezeLayers == null || freezeLayers >= 0, "method.freeze_layers", freezeLayers, "at least 0");
        Check.that(
                adapter == null || type == Type.LORA || type == Type.QLORA,
                "method.adapter",
                adapter,
                "used with method.type: lora or qlora only");
        Check.that(
                trainableTokenIndices.isEmpty() || type == Type.LORA || type == Type.QLORA,
                TOKENS,
                trainableTokenIndices,
                "used with method.type: lora or qlora only: others train the whole table");
        Check.that(
                !LOFTQ.equals(initLoraWeights) || type != Type.LORA,
                INIT,
                initLoraWeights,
                "used with method.type: qlora only, whose 4 bits it makes up for");
        Check.that(
                !initLoraWeights.startsWith(PISSA) || type != Type.QLORA,
                INIT,
                initLoraWeights,
                "used with method.type: lora only: with qlora the 4-bit base would be another than the one that the"
                        + " adapter is loaded with; loftq is for that");
    }

    /** Returns a method that trains every parameter. */
    public static MethodConfig full() {
        return of(Type.FULL, null, 16, 32, ModuleNames.matching(ModuleNames.ALL_LINEAR));
    }

    /**
     * Returns a method that trains the head and the layers above the first {@code layers}; only the head if
     * {@code layers} is null.
     */
    public static MethodConfig freeze(Integer layers) {
        return of(Type.FREEZE, layers, 16, 32, ModuleNames.matching(ModuleNames.ALL_LINEAR));
    }

    /** Returns LoRA with new adapters and PEFT's defaults. */
    public static MethodConfig lora(int r, double loraAlpha, ModuleNames targetModules) {
        return of(Type.LORA, null, r, loraAlpha, targetModules);
    }

    private static MethodConfig of(Type type, Integer freezeLayers, int r, double loraAlpha, ModuleNames modules) {
        return new MethodConfig(
                type,
                freezeLayers,
                null,
                r,
                loraAlpha,
                0,
                LoraBias.NONE,
                false,
                false,
                DEFAULT_INIT,
                modules,
                Map.of(),
                Map.of(),
                List.of(),
                List.of(),
                List.of(),
                true);
    }

    /** Returns whether new adapters start with PEFT's default initialisation. */
    @JsonIgnore
    public boolean hasDefaultInit() {
        return DEFAULT_INIT.equals(initLoraWeights);
    }

    /**
     * Returns whether new adapters take the principal components out of the weights, so that the base keeps the rest.
     */
    @JsonIgnore
    public boolean isPissa() {
        return initLoraWeights.startsWith(PISSA);
    }

    /** Returns whether new adapters start from the quantization error, and so work only on the 4-bit base. */
    @JsonIgnore
    public boolean isLoftq() {
        return LOFTQ.equals(initLoraWeights);
    }

    /** Returns whether low-rank adapters are trained. */
    @JsonIgnore
    public boolean isLora() {
        return type == Type.LORA || type == Type.QLORA;
    }
}
