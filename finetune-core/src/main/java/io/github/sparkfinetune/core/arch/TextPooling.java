package io.github.sparkfinetune.core.arch;

import io.github.sparkfinetune.conf.EmbeddingConfig.Pooling;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Pooling of a model with {@link HeadKind#EMBEDDING}, as its {@code config.json} has it: key {@value #KEY}, which
 * {@code transformers} keeps and does not read.
 */
public final class TextPooling {
    private static final String KEY = "embedding_pooling";

    private TextPooling() {}

    /** Returns a configuration with a pooling. */
    public static HfConfig with(HfConfig config, Pooling pooling) {
        return config.with(KEY, name(pooling));
    }

    /** Returns the pooling of a configuration, or empty if it has none. */
    public static Optional<Pooling> of(HfConfig config) {
        return config.text(KEY).map(name -> of(name, config.source()));
    }

    /** Returns the name in {@code sentence-transformers}. */
    public static String name(Pooling pooling) {
        return pooling.name().toLowerCase(Locale.ROOT);
    }

    /**
     * Returns the pooling with a name of {@code sentence-transformers}.
     *
     * @param source file of the name, for the message
     * @throws RunException if the engine does not compute it
     */
    public static Pooling of(String name, String source) {
        return Stream.of(Pooling.values())
                .filter(pooling -> name(pooling).equals(name))
                .findFirst()
                .orElseThrow(() -> RunException.data(source + ": pooling " + name + " is not supported, only "
                        + Arrays.stream(Pooling.values()).map(TextPooling::name).toList()));
    }
}
