package io.github.sparkfinetune.core.plan;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.memory.Activations;
import io.github.sparkfinetune.core.memory.Footprint;
import io.github.sparkfinetune.core.model.Adaptation;
import io.github.sparkfinetune.core.optim.OptimizerKind;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Optional;

/**
 * Estimates a rank's memory for one model and dataset under several choices.
 *
 * @param longest tokens of the longest sample, or what it is padded to
 * @param classes of a classifier
 * @param evaluated samples evaluated at once while training, or 0 where none are
 * @param evaluatedAfter samples evaluated at once afterwards, or 0 where none are held out
 */
record MemoryEstimate(
        RunConfig config,
        HfConfig model,
        TensorSource source,
        int longest,
        int classes,
        int evaluated,
        int evaluatedAfter) {
    /**
     * What a JVM with PyTorch takes before it does anything, beside its heap: code and class data of Java (metaspace,
     * code cache, thread stacks), Spark, Parquet and DJL, PyTorch's libraries and the working memory of its operators.
     * Measured, see submit/bench/README.md.
     */
    static final long BASE = 320L << 20;

    /**
     * What can be changed to need less.
     *
     * @param samples of a micro-batch
     * @param recompute whether layers are computed again in the backward pass
     * @param sharded whether the ranks share the optimizer
     */
    record Choice(Adaptation adaptation, int samples, boolean recompute, boolean sharded, OptimizerKind optimizer) {
        Choice with(Adaptation other) {
            return new Choice(other, samples, recompute, sharded, optimizer);
        }

        Choice with(OptimizerKind other) {
            return new Choice(adaptation, samples, recompute, sharded, other);
        }

        Choice ofSamples(int other) {
            return new Choice(adaptation, other, recompute, sharded, optimizer);
        }

        Choice recomputing() {
            return new Choice(adaptation, samples, true, sharded, optimizer);
        }

        Choice sharding() {
            return new Choice(adaptation, samples, recompute, true, optimizer);
        }
    }

    static MemoryEstimate of(RunConfig config, HfConfig model, TensorSource source, Optional<Manifest> manifest) {
        DataConfig data = config.data();
        TaskSpec spec = TaskSpecs.of(config);
        int batch = config.training().batches().perDeviceEvalBatchSize();
        boolean eval = manifest.map(there -> there.samples().splits().containsKey(Manifest.EVAL))
                .orElse(data.sources().eval() != null || data.split().evalFraction() > 0);
        boolean test = data.sources().test() != null || data.split().testFraction() > 0;
        int after = manifest.map(there -> (int) Math.min(
                        batch, heldOut(there, config.compute().cluster().ranks())))
                .orElse(eval || test ? batch : 0);
        // Of a sample that is read in parts no more is computed at once.
        int longest = spec.longestSample(data.samples().maxLength());
        return new MemoryEstimate(
                config,
                model,
                source,
                spec.paddedLength(manifest.map(there -> Math.min(there.samples().longest(), longest))
                        .orElse(longest)),
                manifest.map(there -> there.samples().labels().size()).orElseGet(model::numLabels),
                eval || spec.readsReference() ? batch : 0,
                after);
    }

    /** Samples of the greatest part of a held-out split that a rank evaluates. */
    private static long heldOut(Manifest manifest, int ranks) {
        return manifest.samples().splits().entrySet().stream()
                .filter(split -> !split.getKey().equals(Manifest.TRAIN))
                .mapToLong(split -> (split.getValue().rows() + ranks - 1) / ranks)
                .max()
                .orElse(0);
    }

    private TaskSpec spec() {
        return TaskSpecs.of(config);
    }

    Footprint footprint(Adaptation adaptation) {
        return spec().modelKind().footprint(model, source, classes, adaptation);
    }

    RankMemory memory(Choice choice) {
        Footprint footprint = footprint(choice.adaptation());
        Activations training = activations(choice, choice.samples());
        long gradients = gradients(footprint, choice);
        return RankMemory.of(
                footprint,
                gradients,
                training,
                logits(choice),
                scoring(choice, evaluated),
                evaluation(footprint, choice),
                choice.optimizer()
                        .stateBytes(
                                moved(footprint.parameters().trained(), choice),
                                moved(footprint.parameters().trainedTable(), choice)),
                gradients + (choice.sharded() ? footprint.parameters().trained() * Float.BYTES : 0));
    }

    /** Of trained values, those whose optimizer's state a rank keeps. */
    private long moved(long trained, Choice choice) {
        int ranks = config.compute().cluster().ranks();
        return choice.sharded() ? (trained + ranks - 1) / ranks : trained;
    }

    private Activations activations(Choice choice, int samples) {
        return spec().modelKind().activations(model, choice.adaptation(), samples, longest, choice.recompute());
    }

    /**
     * The most that the evaluation after a training takes, which runs in the same processes: of losses, or of answers
     * to prompts as long as the longest sample.
     *
     * @return bytes, or 0 where nothing is held out
     */
    private long evaluation(Footprint footprint, Choice choice) {
        if (evaluatedAfter == 0) {
            return 0;
        }
        return footprint.weights().sum()
                + footprint.adapters()
                + footprint.staging()
                + BASE
                + Math.max(scoring(choice, evaluatedAfter) + logits(choice), answering(choice));
    }

    /** The state before and after a layer, and the layer. */
    private long scoring(Choice choice, int samples) {
        Activations scored = activations(choice, samples);
        return scored.forward() + 2 * scored.hidden();
    }

    /** Keys and values of a batch, and a layer of its prompts. */
    private long answering(Choice choice) {
        if (spec().answerColumns().isEmpty() || config.tasks().generation().evalSamples() == 0) {
            return 0;
        }
        int prompts = config.training().batches().perDeviceEvalBatchSize();
        long places = (long) longest + config.tasks().generation().maxNewTokens();
        return scoring(choice, prompts) + Activations.keysAndValues(model, prompts, places);
    }

    private long logits(Choice choice) {
        return spec().objectiveBytes(model, (long) choice.samples() * longest);
    }

    /**
     * Gradients of all that is trained; of an embedding table of the rows alone that a step looks up, unless the loss
     * reads it too.
     */
    private long gradients(Footprint footprint, Choice choice) {
        long width = footprint.parameters().trainedTable() == 0
                ? 0
                : spec().modelKind().sparseTableWidth(model);
        if (width == 0) {
            return footprint.parameters().trained() * Float.BYTES;
        }
        long tokens = (long) choice.samples()
                * config.training().batches().gradientAccumulationSteps()
                * config.compute().cluster().ranks()
                * longest;
        long rows = Math.min(tokens, model.vocabSize());
        return (footprint.parameters().trained() - footprint.parameters().trainedTable() + rows * width) * Float.BYTES;
    }
}
