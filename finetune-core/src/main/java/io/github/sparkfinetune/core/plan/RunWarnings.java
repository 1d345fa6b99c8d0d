package io.github.sparkfinetune.core.plan;

import io.github.sparkfinetune.conf.ClusterConfig.Shard;
import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import java.util.ArrayList;
import java.util.List;

/** Warnings about settings that are likely to train badly. */
public final class RunWarnings {
    private RunWarnings() {}

    /** Returns the warnings, one line each; empty if nothing is unusual. */
    public static List<String> of(RunConfig config) {
        List<String> warnings = new ArrayList<>();
        TrainingConfig training = config.training();
        double rate = training.learningRate();
        double highest = TaskSpecs.of(config).highestUsualLearningRate();
        if (config.method().type() == MethodConfig.Type.FULL && rate > highest) {
            warnings.add("training.learning_rate: " + rate + " is above " + highest
                    + ", the highest usual rate for full fine-tuning of such a model: the model may forget its"
                    + " pre-training; lower the rate, or set training.l2_sp or method.type: lora");
        }
        if (config.cluster().ranks() > 1
                && training.saveMinutes() == 0
                && training.saveSteps() == 0
                && training.keepCheckpointsEvery() == 0
                && training.evalSteps() == 0) {
            warnings.add("training.save_minutes and training.save_steps are 0: if one of the "
                    + config.cluster().ranks()
                    + " ranks is lost, training restarts from the beginning; set one of these keys");
        }
        if (config.cluster().shard() == Shard.FULL && config.method().type() == MethodConfig.Type.LORA) {
            warnings.add("cluster.shard: full shares no more than gradients with method.type: lora, whose base model is"
                    + " mapped from a file on each machine; qlora shares its 4-bit weights");
        }
        return List.copyOf(warnings);
    }
}
