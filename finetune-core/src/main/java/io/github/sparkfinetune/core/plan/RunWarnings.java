package io.github.sparkfinetune.core.plan;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import java.util.List;

/** What of a run's configuration is likely to train badly. */
public final class RunWarnings {
    private RunWarnings() {}

    /** A line each; none where nothing is unusual. */
    public static List<String> of(RunConfig config) {
        double rate = config.training().learningRate();
        double highest = TaskSpecs.of(config).modelKind().highestUsualLearningRate();
        if (config.method().type() != MethodConfig.Type.FULL || rate <= highest) {
            return List.of();
        }
        return List.of("training.learning_rate: " + rate + " is above " + highest
                + ", the most that full fine-tuning of such a model usually takes: it may forget what it knows; lower it,"
                + " or set training.l2_sp or method.type: lora");
    }
}
