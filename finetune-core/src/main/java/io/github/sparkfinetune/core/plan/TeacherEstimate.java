package io.github.sparkfinetune.core.plan;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.PrecisionChoice;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.memory.Activations;
import io.github.sparkfinetune.core.memory.Footprint;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.model.weight.Adaptation.Storage;
import io.github.sparkfinetune.core.model.weight.Trainable;
import io.github.sparkfinetune.core.safetensors.ModelWeights;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.ModelFolder;
import java.io.IOException;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Estimate of what a run's teacher takes before the training.
 *
 * @param memory memory of a rank
 * @param copied bytes of the teacher's files that are copied to the local disk
 */
record TeacherEstimate(RankMemory.Teacher memory, long copied) {

    /** Returns the estimate; empty if the run has no teacher. */
    static Optional<TeacherEstimate> of(
            RunConfig config, Configuration hadoop, Optional<Manifest> manifest, boolean onGpu) throws IOException {
        if (!config.teacher().teaches()) {
            return Optional.empty();
        }
        String name = config.teacher().model();
        Path folder = new Path(name);
        HfConfig model = Architectures.config(folder, hadoop);
        TaskSpec spec = TaskSpecs.of(config);
        boolean bf16 = config.precision() == PrecisionChoice.BF16;
        Adaptation frozen = Adaptation.of(Trainable.none())
                .withStorage(bf16 ? Storage.AS_STORED : Storage.F32)
                .withBf16(bf16);
        int longest = longest(config, spec, model, manifest);
        int samples = config.training().perDeviceEvalBatchSize();
        Activations layer = spec.modelKind().activations(model, frozen, samples, longest, false);
        try (TensorSource source = ModelWeights.open(folder, hadoop)) {
            Footprint footprint = spec.modelKind().footprint(model, source, model.numLabels(), frozen);
            long computed =
                    layer.scoring() + spec.objectiveBytes(model, (long) samples * longest, onGpu) + footprint.staging();
            return Optional.of(new TeacherEstimate(
                    new RankMemory.Teacher(footprint.weights().sum(), computed),
                    ModelFolder.bytesToCopy(name, hadoop)));
        }
    }

    /** Returns the number of tokens of the longest text; a classifier's teacher has its own tokens. */
    private static int longest(RunConfig config, TaskSpec spec, HfConfig model, Optional<Manifest> manifest) {
        int most = config.data().maxLength();
        int positions = Architectures.positions(model);
        if (spec.learnsTokens()) {
            return manifest.map(there -> Math.min(there.longest(), most)).orElse(most);
        }
        return positions > 0 ? Math.min(most, positions) : most;
    }
}
