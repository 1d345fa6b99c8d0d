package io.github.sparkfinetune.testing;

import java.util.List;
import java.util.stream.Stream;

/** Defaults of Transformers and PEFT, with which golden numbers were made, for runs that say nothing else. */
public final class LibraryDefaults {
    private static final List<String> SETTINGS = List.of(
            "training.learning_rate=5.0e-5",
            "training.num_train_epochs=1",
            "training.warmup_ratio=0",
            "method.r=8",
            "method.lora_alpha=8",
            "method.target_modules=null");

    private LibraryDefaults() {}

    /** Returns the defaults, then the settings, which win over them. */
    public static List<String> with(List<String> settings) {
        return Stream.concat(SETTINGS.stream(), settings.stream()).toList();
    }
}
