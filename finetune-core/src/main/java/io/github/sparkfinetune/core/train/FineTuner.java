package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.core.model.Encoder;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.core.optim.AdamW;
import java.util.List;
import java.util.stream.Stream;

/** One rank of a training run. */
public final class FineTuner {
    /** Scripts of everything that computes. */
    static final List<String> SCRIPTS = Stream.of(
                    List.of("/io/github/sparkfinetune/core/tensor/autograd.py"),
                    Encoder.SCRIPTS,
                    Objective.SCRIPTS,
                    AdamW.SCRIPTS)
            .flatMap(List::stream)
            .toList();

    private FineTuner() {}
}
