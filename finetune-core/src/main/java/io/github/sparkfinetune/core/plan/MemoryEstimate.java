package io.github.sparkfinetune.core.plan;

import io.github.sparkfinetune.conf.ClusterConfig.Shard;
import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.memory.Activations;
import io.github.sparkfinetune.core.memory.Footprint;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.optim.OptimizerKind;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Optional;

/**
 * Estimate of a rank's memory for a model and a dataset, under several choices.
 *
 * @param onGpu whether the ranks compute on GPUs
 * @param longest number of tokens of the longest sample, with fixed padding
 * @param classes number of classes of a classifier
 * @param evaluated number of samples evaluated at once while training, or 0
 * @param evaluatedAfter number of samples evaluated at once after training, or 0 if none are held out
 */
record MemoryEstimate(
        RunConfig config,
        HfConfig model,
        TensorSource source,
        boolean onGpu,
        int longest,
        int classes,
        int evaluated,
        int evaluatedAfter) {
    /**
     * Memory of an idle JVM with PyTorch, outside its heap: code and class data of Java (metaspace, code cache, thread
     * stacks), Spark, Parquet and DJL, PyTorch's libraries and the working memory of its operators. Measured, see
     * submit/bench/README.md.
     */
    static final long BASE = 320L << 20;

    /**
     * Settings that decide the memory.
     *
     * @param samples number of samples of a micro-batch
     * @param recompute whether layers are computed again in the backward pass
     * @param shard what the ranks share
     */
    record Choice(Adaptation adaptation, int samples, boolean recompute, Shard shard, OptimizerKind optimizer) {
        Choice with(Adaptation other) {
            return new Choice(other, samples, recompute, shard, optimizer);
        }

        Choice with(OptimizerKind other) {
            return new Choice(adaptation, samples, recompute, shard, other);
        }

        Choice ofSamples(int other) {
            return new Choice(adaptation, other, recompute, shard, optimizer);
        }

        Choice recomputing() {
            return new Choice(adaptation, samples, true, shard, optimizer);
        }

        Choice with(Shard other) {
            return new Choice(adaptation, samples, recompute, other, optimizer);
        }
    }

    static MemoryEstimate of(
            RunConfig config, HfConfig model, TensorSource source, Optional<Manifest> manifest, boolean onGpu) {
        DataConfig data = config.data();
        TaskSpec spec = TaskSpecs.of(config);
        int batch = config.training().perDeviceEvalBatchSize();
        boolean eval = manifest.map(there -> there.splits().containsKey(Manifest.EVAL))
                .orElse(data.eval() != null || data.evalFraction() > 0);
        boolean test = data.test() != null || data.testFraction() > 0;
        int after = manifest.map(there ->
                        (int) Math.min(batch, heldOut(there, config.cluster().ranks())))
                .orElse(eval || test ? batch : 0);
        // A sample that is read in parts computes only one part at once.
        int longest = spec.longestSample(data.maxLength());
        return new MemoryEstimate(
                config,
                model,
                source,
                onGpu,
                spec.paddedLength(manifest.map(there -> Math.min(there.longest(), longest))
                        .orElse(longest)),
                manifest.map(there -> there.labels().size()).orElseGet(model::numLabels),
                eval || spec.readsReference() ? batch : 0,
                after);
    }

    /** Returns the largest number of samples of a held-out split that a rank evaluates. */
    private static long heldOut(Manifest manifest, int ranks) {
        return manifest.splits().entrySet().stream()
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
        int ranks = config.cluster().ranks();
        // With shared gradients all micro-batches of a step pass a layer together.
        Activations one = activations(choice, choice.samples());
        Activations training = ranks > 1 && choice.shard().shares(Shard.GRADIENTS)
                ? one.of(config.training().gradientAccumulationSteps())
                : one;
        SharedMemory shared = SharedMemory.of(
                footprint, choice.shard(), ranks, gradients(footprint, choice), rows(footprint, choice));
        RankMemory memory = RankMemory.of(
                footprint.with(shared.weights(), shared.elsewhere(), shared.gathered()),
                shared.gradients() + ofSamples(footprint, choice, one),
                training,
                logits(choice),
                scoring(choice, evaluated),
                evaluation(footprint, choice),
                choice.optimizer()
                        .stateBytes(
                                updated(footprint.parameters().trained(), choice),
                                updated(footprint.parameters().trainedTable(), choice)),
                exchanged(footprint, choice, shared));
        long codes = ranks > 1 && choice.shard() == Shard.FULL
                ? 2 * footprint.parameters().sharded().largestCodes()
                : 0;
        return memory.withDirect(codes);
    }

    private boolean isPrivate() {
        return config.training().privacy().protectsSamples();
    }

    private long ofSamples(Footprint footprint, Choice choice, Activations activations) {
        return isPrivate()
                ? new SampleMemory(
                                Architectures.of(model),
                                spec().modelKind().head(),
                                choice.adaptation().bf16(),
                                choice.recompute(),
                                choice.samples())
                        .bytes(footprint.parameters(), readsTable(footprint), activations, longest)
                : 0;
    }

    /** Returns the bytes of a checkpoint that rank 0 writes or reads: its share, if the ranks share the weights. */
    long checkpoint(Choice choice) {
        Footprint.Parameters parameters = footprint(choice.adaptation()).parameters();
        long all = parameters.trained() * Float.BYTES
                + choice.optimizer().stateBytes(parameters.trained(), parameters.trainedTable());
        return choice.shard() == Shard.FULL ? all / config.cluster().ranks() : all;
    }

    /** Returns the bytes that a rank receives in a step. */
    Traffic traffic(Choice choice) {
        Footprint footprint = footprint(choice.adaptation());
        int ranks = config.cluster().ranks();
        return Traffic.of(footprint, choice.shard(), ranks, gradients(footprint, choice), rows(footprint, choice));
    }

    /** Returns the bytes of host copies that ranks on GPUs exchange. */
    private long exchanged(Footprint footprint, Choice choice, SharedMemory shared) {
        return switch (choice.shard()) {
            case NONE -> shared.gradients();
            case OPTIMIZER, GRADIENTS ->
                shared.gradients() + footprint.parameters().trained() * Float.BYTES;
            case FULL -> shared.gradients() + shared.weights() + shared.gathered();
        };
    }

    /** Returns the number of trained values whose optimizer state a rank keeps. */
    private long updated(long trained, Choice choice) {
        int ranks = config.cluster().ranks();
        return choice.shard().shares(Shard.OPTIMIZER) ? (trained + ranks - 1) / ranks : trained;
    }

    private Activations activations(Choice choice, int samples) {
        return spec().modelKind().activations(model, choice.adaptation(), samples, longest, choice.recompute());
    }

    /**
     * Returns the peak memory of the evaluation after training, which runs in the same processes. It computes losses,
     * or answers to prompts as long as the longest sample.
     *
     * @return size in bytes, or 0 if nothing is held out
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

    /** Returns the memory of the hidden states before and after a layer, and of the layer. */
    private long scoring(Choice choice, int samples) {
        return activations(choice, samples).scoring();
    }

    /** Returns the memory of the keys and values of a batch, and of a layer of its prompts. */
    private long answering(Choice choice) {
        if (spec().answerColumns().isEmpty() || config.generation().evalSamples() == 0) {
            return 0;
        }
        int prompts = config.training().perDeviceEvalBatchSize();
        long positions = (long) longest + config.generation().maxNewTokens();
        return scoring(choice, prompts)
                + Activations.keysAndValues(
                        model, prompts, positions, choice.adaptation().bf16());
    }

    private long logits(Choice choice) {
        return spec().objectiveBytes(model, (long) choice.samples() * longest, onGpu);
    }

    /** Returns whether the loss reads a trained embedding table, so that all of its rows have gradients. */
    private boolean readsTable(Footprint footprint) {
        return footprint.parameters().trainedTable() > 0 && spec().modelKind().sparseTableWidth(model) == 0;
    }

    /**
     * Returns the memory of all gradients. An embedding table has gradients for the rows that a step looks up, and for
     * all rows if the loss also reads the table, or if noise reaches them.
     */
    private long gradients(Footprint footprint, Choice choice) {
        Footprint.Parameters parameters = footprint.parameters();
        boolean isDense = readsTable(footprint) || isPrivate();
        return (parameters.trained() - (isDense ? 0 : parameters.trainedTable())) * Float.BYTES
                + rows(footprint, choice);
    }

    /**
     * Returns the bytes of the gradients of the table's rows that a step looks up; 0 if all rows or none have
     * gradients.
     */
    private long rows(Footprint footprint, Choice choice) {
        if (footprint.parameters().trainedTable() == 0 || isPrivate()) {
            return 0;
        }
        long tokens = (long) choice.samples()
                * config.training().gradientAccumulationSteps()
                * config.cluster().ranks()
                * longest;
        long width = footprint.parameters().trainedTable() / model.vocabSize();
        return Math.min(tokens, model.vocabSize()) * width * Float.BYTES;
    }
}
