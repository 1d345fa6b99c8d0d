package io.github.sparkfinetune.core.arch.registry;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.DecoderArchitecture;
import io.github.sparkfinetune.core.arch.EncoderArchitecture;
import io.github.sparkfinetune.core.arch.bert.Bert;
import io.github.sparkfinetune.core.arch.camembert.Camembert;
import io.github.sparkfinetune.core.arch.debertav2.DebertaV2;
import io.github.sparkfinetune.core.arch.distilbert.DistilBert;
import io.github.sparkfinetune.core.arch.electra.Electra;
import io.github.sparkfinetune.core.arch.gpt2.Gpt2;
import io.github.sparkfinetune.core.arch.llama.Gemma2;
import io.github.sparkfinetune.core.arch.llama.Gemma3;
import io.github.sparkfinetune.core.arch.llama.Granite;
import io.github.sparkfinetune.core.arch.llama.Llama;
import io.github.sparkfinetune.core.arch.llama.Mistral;
import io.github.sparkfinetune.core.arch.llama.Olmo2;
import io.github.sparkfinetune.core.arch.llama.Phi3;
import io.github.sparkfinetune.core.arch.llama.Qwen2;
import io.github.sparkfinetune.core.arch.llama.Qwen3;
import io.github.sparkfinetune.core.arch.llama.SmolLm3;
import io.github.sparkfinetune.core.arch.modernbert.ModernBert;
import io.github.sparkfinetune.core.arch.mpnet.Mpnet;
import io.github.sparkfinetune.core.arch.roberta.Roberta;
import io.github.sparkfinetune.core.arch.xlmroberta.XlmRoberta;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/** The model families by {@code model_type}; a family is one line here. */
public final class Architectures {
    private static final SortedMap<String, Function<HfConfig, EncoderArchitecture>> ENCODERS = new TreeMap<>(Map.of(
            "bert", Bert::new,
            "camembert", Camembert::new,
            "deberta-v2", DebertaV2::new,
            "distilbert", DistilBert::new,
            "electra", Electra::new,
            "modernbert", ModernBert::new,
            "mpnet", Mpnet::new,
            "roberta", Roberta::new,
            "xlm-roberta", XlmRoberta::new));

    private static final SortedMap<String, Function<HfConfig, DecoderArchitecture>> DECODERS =
            new TreeMap<>(Map.ofEntries(
                    Map.entry("gemma2", Gemma2::new),
                    Map.entry("gemma3_text", Gemma3::new),
                    Map.entry("gpt2", Gpt2::new),
                    Map.entry("granite", Granite::new),
                    Map.entry("llama", Llama::new),
                    Map.entry("mistral", Mistral::new),
                    Map.entry("olmo2", Olmo2::new),
                    Map.entry("phi3", Phi3::new),
                    Map.entry("qwen2", Qwen2::new),
                    Map.entry("qwen3", Qwen3::new),
                    Map.entry("smollm3", SmolLm3::new)));

    private Architectures() {}

    /**
     * The architecture of a configuration, whether or not the engine computes that model.
     *
     * @throws RunException where its family is not known
     */
    public static Architecture of(HfConfig config) {
        return find(config).orElseThrow(() -> unsupported(config, "", modelTypes()));
    }

    /** Every {@code model_type} that is known. */
    public static SortedSet<String> modelTypes() {
        SortedSet<String> all = new TreeSet<>(ENCODERS.keySet());
        all.addAll(DECODERS.keySet());
        return all;
    }

    /** The architecture of a configuration, or nothing where its family is not known or not stated. */
    public static Optional<Architecture> find(HfConfig config) {
        return config.text("model_type")
                .map(type -> ENCODERS.containsKey(type) ? ENCODERS.get(type) : DECODERS.get(type))
                .map(family -> family.apply(config));
    }

    /** Longest sample in tokens that a model has positions for, or 0 where its family is not known. */
    public static int positions(HfConfig config) {
        return find(config).map(found -> found.shape().maxLength()).orElse(0);
    }

    /**
     * An encoder that the engine computes.
     *
     * @throws RunException where it is not one
     */
    public static EncoderArchitecture encoder(HfConfig config) {
        return supported(config, ENCODERS, "");
    }

    /**
     * A language model that the engine computes.
     *
     * @throws RunException where it is not one
     */
    public static DecoderArchitecture decoder(HfConfig config) {
        return supported(config, DECODERS, " for text generation");
    }

    private static <A extends Architecture> A supported(
            HfConfig config, SortedMap<String, Function<HfConfig, A>> families, String purpose) {
        Function<HfConfig, A> family = families.get(config.modelType());
        if (family == null) {
            throw unsupported(config, purpose, families.keySet());
        }
        A architecture = family.apply(config);
        architecture.requireSupported();
        return architecture;
    }

    private static RunException unsupported(HfConfig config, String purpose, Iterable<String> supported) {
        return RunException.data(config.source() + ": model_type " + config.modelType() + " is not supported" + purpose
                + "; supported are " + String.join(", ", supported));
    }
}
