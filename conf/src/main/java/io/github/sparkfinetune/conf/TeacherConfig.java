package io.github.sparkfinetune.conf;

import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Key;
import java.io.Serializable;

/**
 * Model whose predictions a run learns besides the labels (distillation), under the names of TRL's {@code GKDConfig}.
 * With {@code weight} w, {@code temperature} T and the distributions at that temperature, the loss is w T² KL(teacher
 * || model) + (1 - w) cross-entropy.
 *
 * @param model folder of the teacher in Hugging Face layout, on any Hadoop file system; null for none
 * @param weight weight of the divergence from the teacher; the cross-entropy of the labels has the rest
 * @param temperature divisor of the logits of teacher and model before the softmax
 * @param topK number of tokens that stand for the teacher's distribution for each token with a label, for tasks
 *     causal-lm and sft: its most probable ones, and others drawn by their probability
 */
public record TeacherConfig(
        @Key(path = true, optional = true, hf = "GKDConfig.teacher_model_name_or_path")
        String model,

        @Key(hf = Key.NOT_IN_HF) double weight,
        double temperature,
        @Key(hf = Key.NOT_IN_HF) int topK)
        implements Serializable {

    public TeacherConfig {
        Check.that(weight > 0 && weight <= 1, "teacher.weight", weight, "in (0, 1]");
        Check.that(temperature > 0, "teacher.temperature", temperature, "above 0");
        Check.that(topK >= 1, "teacher.top_k", topK, "at least 1");
    }

    /** Returns whether there is a teacher. */
    public boolean teaches() {
        return model != null;
    }
}
