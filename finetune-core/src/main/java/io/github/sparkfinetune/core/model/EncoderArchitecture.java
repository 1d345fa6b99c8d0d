package io.github.sparkfinetune.core.model;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What distinguishes one BERT-like architecture from another: where its configuration and its weights keep things. All
 * of them compute the same layer, see {@code encoder.py}.
 */
interface EncoderArchitecture {
    /** The architecture of a configuration. */
    static EncoderArchitecture of(HfConfig config) {
        List<EncoderArchitecture> all = List.of(new Bert(), new Roberta(), new DistilBert());
        return all.stream()
                .filter(architecture -> architecture.modelType().equals(config.modelType()))
                .findFirst()
                .orElseThrow(() -> RunException.data(config.source() + ": model_type " + config.modelType()
                        + " is not supported; supported are "
                        + String.join(
                                ", ",
                                all.stream().map(EncoderArchitecture::modelType).toList())));
    }

    /** {@code model_type} of its configurations. */
    String modelType();

    /** What Hugging Face's class names begin with. */
    String className();

    /** Prefix of the encoder's weights in a model with a head; a bare encoder's have none. */
    default String prefix() {
        return modelType() + ".";
    }

    EncoderShape shape(HfConfig config);

    /** Name of the embedding table. */
    default String table() {
        return prefix() + "embeddings.word_embeddings.weight";
    }

    /** Names of the other embedding weights. */
    Map<String, String> embeddings();

    /** Names of a layer's weights. */
    Map<String, String> layer(int layer);

    HeadShape head(HeadKind kind, HfConfig config);

    /** Adds weight and bias of one linear or norm. */
    static void pair(Map<String, String> names, String local, String full) {
        names.put(local + ".weight", full + ".weight");
        names.put(local + ".bias", full + ".bias");
    }

    /** Weight and bias of several, as local name, full name, local name, … */
    static Map<String, String> pairs(String... localAndFull) {
        Map<String, String> names = new LinkedHashMap<>();
        for (int i = 0; i < localAndFull.length; i += 2) {
            pair(names, localAndFull[i], localAndFull[i + 1]);
        }
        return names;
    }
}
