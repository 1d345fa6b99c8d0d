package io.github.sparkfinetune.extra.gguf;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.DecoderArchitecture;
import io.github.sparkfinetune.core.arch.GgufNames;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.LayerAttention;
import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.arch.rope.RotaryPositions;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** A language model as keys and tensors of a GGUF file. */
final class GgufModel {
    private static final String WEIGHT = ".weight";
    private static final int QUANTIZATION_VERSION = 2;
    private static final String ONLY_LANGUAGE_MODELS = "llama.cpp runs language models, of task causal-lm or sft";

    private final HfConfig config;
    private final DecoderArchitecture architecture;
    private final GgufNames names;
    private final LayerAttention attention;
    private final GgufType type;

    /**
     * Checks that a model can be written.
     *
     * @param type type of the weights
     * @throws RunException if llama.cpp does not support the model
     */
    GgufModel(HfConfig config, GgufType type) {
        this.config = config;
        this.type = type;
        Architecture found = Architectures.of(config);
        names = found.gguf()
                .orElseThrow(() -> RunException.data(config.source() + ": a " + config.modelType()
                        + " cannot be written as GGUF: "
                        + (found instanceof DecoderArchitecture
                                ? "its names there are not known; use llama.cpp's own converter on the folder model/"
                                : ONLY_LANGUAGE_MODELS)));
        architecture = (DecoderArchitecture) found;
        architecture.requireSupported();
        for (HeadKind head : List.of(HeadKind.SEQUENCE_CLASSIFICATION, HeadKind.TOKEN_CLASSIFICATION)) {
            if (config.architectures().stream().anyMatch(name -> name.endsWith(head.suffix()))) {
                throw RunException.data(
                        config.source() + ": a classifier cannot be written as GGUF: " + ONLY_LANGUAGE_MODELS);
            }
        }
        attention = architecture.attention(0);
        if (attention
                .rotary()
                .flatMap(RotaryPositions::scaling)
                .filter(scaling -> !scaling.isTable())
                .isPresent()) {
            throw RunException.data(config.source() + ": this type of rope_scaling cannot be written as GGUF; use"
                    + " llama.cpp's own converter on the folder model/");
        }
    }

    /** Returns the number of rows of the embedding table. */
    int vocabulary() {
        return architecture.shape().vocabulary();
    }

    /**
     * Adds the keys {@code general.*} and the family's keys.
     *
     * @param name the model's name, for people
     */
    void put(GgufMetadata metadata, String name) {
        String family = names.architecture() + ".";
        ModelShape shape = architecture.shape();
        metadata.text("general.architecture", names.architecture());
        metadata.text("general.type", "model");
        metadata.text("general.name", name);
        metadata.number("general.file_type", type.fileType());
        metadata.number("general.quantization_version", QUANTIZATION_VERSION);
        metadata.number(family + "block_count", shape.layers());
        metadata.number(family + "context_length", context(shape, attention));
        metadata.number(family + "embedding_length", shape.hidden());
        metadata.number(family + "feed_forward_length", shape.intermediate());
        metadata.number(family + "attention.head_count", shape.heads());
        metadata.number(family + "attention.head_count_kv", shape.kvHeads());
        metadata.number(family + "attention.key_length", shape.headWidth());
        metadata.number(family + "attention.value_length", shape.headWidth());
        metadata.real(family + names.epsilonKey(), shape.epsilon());
        metadata.number(family + "vocab_size", shape.vocabulary());
        names.numbers().forEach((key, value) -> metadata.real(family + key, value));
        attention.rotary().ifPresent(rotary -> {
            metadata.number(family + "rope.dimension_count", rotary.width());
            metadata.real(family + "rope.freq_base", rotary.theta());
        });
    }

    /**
     * Returns the context length. llama.cpp has no sliding window for these families; up to the window's width, a model
     * without window computes the same.
     */
    private static int context(ModelShape shape, LayerAttention attention) {
        return attention.window() > 0
                ? Math.min(shape.tables().positions(), attention.window())
                : shape.tables().positions();
    }

    /**
     * Returns the file's tensors, which are read later. A lm_head that is the embedding table is not written again.
     * Norms, biases and embedded positions are F32. A tensor is F16 if its rows are not a multiple of the type's block.
     * The tensor that maps to logits is {@code Q8_0} at least, because 4 bits cost most there.
     *
     * @param weights weights of the model with a head, by Hugging Face's names
     * @throws RunException if a weight is missing or has another shape
     */
    List<GgufTensor> tensors(List<TensorData> weights) {
        Map<String, TensorData> byName =
                weights.stream().collect(Collectors.toMap(TensorData::name, Function.identity()));
        List<GgufTensor> tensors = new ArrayList<>();
        WeightSpec lmHead = architecture.lmHead(HeadKind.CAUSAL_LM).get(Architecture.LM_HEAD + WEIGHT);
        boolean tied = architecture.isTied() || !byName.containsKey(lmHead.name());
        GgufType logits = type == GgufType.Q4_0 ? GgufType.Q8_0 : type;
        attention
                .rotary()
                .filter(rotary -> rotary.scaling().isPresent())
                .ifPresent(rotary -> tensors.add(frequencies(rotary)));
        tensors.add(tensor("token_embd.weight", "", architecture.table(), tied ? logits : type, byName));
        architecture
                .embeddings()
                .forEach((local, weight) -> tensors.add(tensor(name(local), local, weight, GgufType.F32, byName)));
        for (int i = 0; i < architecture.shape().layers(); i++) {
            String block = "blk." + i + ".";
            architecture
                    .layer(i)
                    .weights()
                    .forEach((local, weight) ->
                            tensors.add(tensor(block + name(local), local, weight, typeOf(weight), byName)));
        }
        architecture
                .lastNorm()
                .forEach((local, weight) -> tensors.add(tensor(name(local), local, weight, GgufType.F32, byName)));
        if (!tied) {
            tensors.add(tensor("output.weight", "", lmHead, logits, byName));
        }
        return tensors;
    }

    private GgufType typeOf(WeightSpec weight) {
        return weight.isLinear() ? type : GgufType.F32;
    }

    /** Returns GGUF's name of a module's weight or bias. */
    private String name(String local) {
        int dot = local.lastIndexOf('.');
        return names.modules().get(local.substring(0, dot)) + local.substring(dot);
    }

    private GgufTensor tensor(
            String name, String local, WeightSpec weight, GgufType requested, Map<String, TensorData> byName) {
        TensorData data = byName.get(weight.name());
        if (data == null || !Arrays.equals(data.shape(), weight.shape())) {
            throw RunException.data(config.source() + ": the weights do not fit the configuration: "
                    + (data == null
                            ? "there is no " + weight.name()
                            : weight.name() + " is " + Arrays.toString(data.shape()) + ", must be "
                                    + Arrays.toString(weight.shape())));
        }
        boolean transposed = weight.kind() == WeightSpec.Kind.CONV1D;
        boolean paired = !local.isEmpty() && names.paired().contains(local.substring(0, local.lastIndexOf('.')));
        long[] shape = weight.shape();
        int outer = shape.length == 1 ? 0 : Math.toIntExact(transposed ? shape[1] : shape[0]);
        int inner = Math.toIntExact(transposed ? shape[0] : shape[shape.length - 1]);
        GgufType fitting = requested.fits(inner) ? requested : GgufType.F16;
        int pairs = paired ? architecture.shape().headWidth() : 0;
        return new GgufTensor(name, fitting, outer, inner, () -> new StoredRows(data, transposed, pairs));
    }

    /** Returns the divisors of the rotary frequencies. */
    private GgufTensor frequencies(RotaryPositions rotary) {
        int half = rotary.width() / 2;
        return new GgufTensor("rope_freqs.weight", GgufType.F32, 0, half, () -> (row, target) -> {
            float[] inverse = new float[half];
            for (int i = 0; i < half; i++) {
                inverse[i] = (float) Math.pow(rotary.theta(), (double) i / half);
            }
            float[] scaled = rotary.frequencies(inverse);
            for (int i = 0; i < half; i++) {
                target[i] = 1 / inverse[i] / scaled[i];
            }
        });
    }
}
