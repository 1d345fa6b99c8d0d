package io.github.sparkfinetune.core.arch.registry;

import io.github.sparkfinetune.conf.error.RunException;
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
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** Registry of the model families by {@code model_type}; a family is one line here. */
public final class Architectures {
    private static final String MODEL_TYPE = "model_type";

    private static final SortedMap<String, Function<HfConfig, EncoderArchitecture>> ENCODERS =
            new TreeMap<>(Map.ofEntries(
                    Map.entry("bert", Bert::new),
                    Map.entry("camembert", Camembert::new),
                    Map.entry("deberta-v2", DebertaV2::new),
                    Map.entry("distilbert", DistilBert::new),
                    Map.entry("electra", Electra::new),
                    Map.entry("modernbert", ModernBert::new),
                    Map.entry("mpnet", Mpnet::new),
                    Map.entry("roberta", Roberta::new),
                    Map.entry("xlm-roberta", XlmRoberta::new)));

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

    /** Multimodal models whose text part is computed, with the {@code model_type} of that part. */
    private static final SortedMap<String, String> MULTIMODAL =
            new TreeMap<>(Map.of("gemma3", "gemma3_text", "mistral3", "mistral"));

    /** Families whose missing sizes have defaults in transformers. */
    private static final Map<String, UnaryOperator<HfConfig>> ASSUMED = Map.of("gemma3_text", Gemma3::complete);

    private Architectures() {}

    /**
     * Returns the configuration of the text model in a folder on any file system. For a multimodal model, it is the
     * configuration of the text part.
     *
     * @throws RunException if {@code config.json} is missing or not a JSON object
     */
    public static HfConfig config(Path folder, Configuration hadoop) throws IOException {
        return config(HfConfig.read(folder, hadoop));
    }

    /** Returns the configuration of the text model in a folder of this machine. */
    public static HfConfig config(java.nio.file.Path folder) {
        return config(HfConfig.read(folder));
    }

    /** Returns the configuration of the text model from a {@code config.json} that was read. */
    public static HfConfig config(HfConfig read) {
        HfConfig text = read.textPart();
        return text.text(MODEL_TYPE)
                .map(ASSUMED::get)
                .map(assumed -> assumed.apply(text))
                .orElse(text);
    }

    /**
     * Returns the architecture of a configuration, whether or not the engine computes the model.
     *
     * @throws RunException if the family is unknown
     */
    public static Architecture of(HfConfig config) {
        return find(config).orElseThrow(() -> unsupported(config(config), "", modelTypes()));
    }

    /** Returns every known {@code model_type}. */
    public static SortedSet<String> modelTypes() {
        SortedSet<String> all = new TreeSet<>(ENCODERS.keySet());
        all.addAll(DECODERS.keySet());
        return all;
    }

    /** Returns the architecture of a configuration; empty if its family is unknown or missing. */
    public static Optional<Architecture> find(HfConfig config) {
        HfConfig text = config(config);
        return text.text(MODEL_TYPE)
                .filter(type -> isTextModel(text))
                .map(type -> ENCODERS.containsKey(type) ? ENCODERS.get(type) : DECODERS.get(type))
                .map(family -> family.apply(text));
    }

    /** Returns whether a model is not part of a multimodal model, or is a supported part. */
    private static boolean isTextModel(HfConfig text) {
        return text.multimodalType()
                .map(type -> text.modelType().equals(MULTIMODAL.get(type)))
                .orElse(true);
    }

    /**
     * Returns the length in tokens of the longest sample that a model has positions for, or 0 if its family is unknown.
     */
    public static int positions(HfConfig config) {
        return find(config).map(found -> found.shape().maxLength()).orElse(0);
    }

    /** Returns whether a configuration describes a language model of a known family. */
    public static boolean isDecoder(HfConfig config) {
        return find(config).filter(DecoderArchitecture.class::isInstance).isPresent();
    }

    /**
     * Returns the encoder of a configuration.
     *
     * @throws RunException if the model is no encoder, or is not supported
     */
    public static EncoderArchitecture encoder(HfConfig config) {
        return supported(config, ENCODERS, "");
    }

    /**
     * Returns the language model of a configuration.
     *
     * @throws RunException if the model is no language model, or is not supported
     */
    public static DecoderArchitecture decoder(HfConfig config) {
        return supported(config, DECODERS, " for text generation");
    }

    private static <A extends Architecture> A supported(
            HfConfig config, SortedMap<String, Function<HfConfig, A>> families, String purpose) {
        HfConfig text = config(config);
        Function<HfConfig, A> family =
                text.text(MODEL_TYPE).map(type -> families.get(type)).orElse(null);
        if (family == null || !isTextModel(text)) {
            throw unsupported(text, purpose, families.keySet());
        }
        A architecture = family.apply(text);
        architecture.requireSupported();
        return architecture;
    }

    private static RunException unsupported(HfConfig config, String purpose, Set<String> supported) {
        String type = config.multimodalType().orElseGet(config::modelType);
        if (MULTIMODAL.containsKey(type) && !MULTIMODAL.get(type).equals(config.modelType())) {
            return RunException.data(config.source() + ": model_type " + type + " with a text_config of "
                    + config.modelType() + " is not supported; only " + MULTIMODAL.get(type) + " is");
        }
        String parts = supported.containsAll(MULTIMODAL.values())
                ? ", and the text part of " + String.join(", ", MULTIMODAL.keySet())
                : "";
        return RunException.data(config.source() + ": model_type " + type + " is not supported" + purpose
                + "; supported are " + String.join(", ", supported) + parts);
    }
}
