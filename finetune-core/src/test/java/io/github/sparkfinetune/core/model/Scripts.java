package io.github.sparkfinetune.core.model;

import java.util.List;
import java.util.stream.Stream;

/** What a model's module needs. */
public final class Scripts {
    private Scripts() {}

    /** Scripts of all models, products in F32. */
    public static List<String> all() {
        return Stream.of(MatmulBackend.scripts(false), Encoder.SCRIPTS, Decoder.SCRIPTS)
                .flatMap(List::stream)
                .toList();
    }
}
