package io.github.sparkfinetune.core.plan;

import io.github.sparkfinetune.conf.ClusterConfig.Shard;
import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.PrivacyConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.TrainingConfig.Optim;
import io.github.sparkfinetune.core.adapter.AdapterFile;
import io.github.sparkfinetune.core.adapter.PeftAdapter;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.memory.Footprint;
import io.github.sparkfinetune.core.memory.NewWeight;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.optim.OptimizerKind;
import io.github.sparkfinetune.core.privacy.PrivacySpent;
import io.github.sparkfinetune.core.safetensors.ModelWeights;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.ModelFolder;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Plan of a training run: its memory, disk and work, derived from the configuration, the headers of the model's weights
 * and the manifest of the dataset.
 *
 * @param parameters number of parameters of the model, including adapters
 * @param trained number of trained parameters
 * @param memory memory of a rank
 * @param disk disk space on the machines of the ranks
 * @param traffic bytes that a rank receives in a step
 * @param savings ways to need less memory
 * @param work steps and samples, or empty before the dataset is prepared
 * @param newWeights weights of the head with new initial values
 */
public record RunPlan(
        long parameters,
        long trained,
        RankMemory memory,
        Disk disk,
        Traffic traffic,
        Savings savings,
        Optional<Work> work,
        List<NewWeight> newWeights) {

    /** Least share of a rank's memory that a reported change saves. */
    private static final double WORTH = 0.03;

    /**
     * Ways to need less memory.
     *
     * @param changes memory of a rank after a single change of the configuration that saves memory, by
     *     {@code key=value}
     * @param block the block that takes the most memory while the ranks share the rest, which nothing divides; empty if
     *     they share no trained weights
     */
    public record Savings(Map<String, Long> changes, Optional<LargestBlock> block) {}

    /**
     * Peak use of {@code spark.local.dir} by a run, without Spark's own files, in bytes.
     *
     * @param model copies of the base model and of the teacher, once per machine; 0 if they are on the machine's disk
     * @param checkpoint rank 0's copy of a checkpoint that is written during training, or of the checkpoint from which
     *     the run resumes
     */
    public record Disk(long model, long checkpoint) {
        /** Returns the sum of both, the use on rank 0's machine. */
        public long sum() {
            return model + checkpoint;
        }
    }

    /**
     * Work of a run.
     *
     * @param samples number of samples of an epoch
     * @param tokens number of tokens of an epoch, without padding
     * @param trainedTokens number of tokens with a label, or 0 if labels belong to texts
     * @param globalBatch number of samples of an optimizer step over all ranks
     * @param steps number of optimizer steps of the run
     * @param epochs number of passes over the samples
     * @param privacy guarantee of the whole run, or empty if it is not private
     */
    public record Work(
            long samples,
            long tokens,
            long trainedTokens,
            long globalBatch,
            long steps,
            double epochs,
            Optional<PrivacySpent> privacy) {
        static Work of(RunConfig config, Manifest manifest) {
            DatasetSplit train = manifest.split(Manifest.TRAIN);
            StepPlan plan = StepPlan.of(
                    config.training(),
                    train.rows(),
                    StepPlan.globalBatch(config.training(), config.cluster().ranks()));
            return new Work(
                    train.rows(),
                    train.tokens(),
                    train.documents() == null ? 0 : train.documents().labelTokens(),
                    plan.globalBatch(),
                    plan.totalSteps(),
                    plan.epochsAfter(plan.totalSteps()),
                    Optional.of(config.training().privacy())
                            .filter(PrivacyConfig::protectsSamples)
                            .map(privacy -> PrivateSteps.spent(privacy, plan, plan.totalSteps())));
        }
    }

    /**
     * Plans a run.
     *
     * @param config configuration with absolute paths
     * @param localDir local folder for a copy of an adapter on another file system; the caller deletes the copy
     * @param onGpu whether the ranks compute on GPUs
     * @throws io.github.sparkfinetune.conf.error.RunException if model, adapter or dataset do not fit the configuration
     */
    public static RunPlan of(RunConfig config, Configuration hadoop, java.nio.file.Path localDir, boolean onGpu)
            throws IOException {
        Path folder = new Path(config.model());
        HfConfig model = Architectures.config(folder, hadoop);
        TokenizerFiles tokenizer = TaskDatas.tokenizer(folder, config, Architectures::positions, hadoop);
        Optional<Manifest> manifest = manifest(config, tokenizer, hadoop);
        HfConfig grown = TaskSpecs.of(config).modelKind().completed(model, tokenizer);
        Optional<PeftAdapter> adapter = Optional.ofNullable(config.method().adapter())
                .map(there -> AdapterFile.read(ModelFolder.fetch(there, hadoop, localDir)));
        Optional<TeacherEstimate> teacher = TeacherEstimate.of(config, hadoop, manifest, onGpu);
        try (TensorSource source = ModelWeights.open(folder, hadoop)) {
            RunPlan plan = of(
                    config, grown, source, adapter, manifest, ModelFolder.bytesToCopy(config.model(), hadoop), onGpu);
            return teacher.map(plan::with).orElse(plan);
        }
    }

    private RunPlan with(TeacherEstimate teacher) {
        return new RunPlan(
                parameters,
                trained,
                memory.with(teacher.memory()),
                new Disk(disk.model() + teacher.copied(), disk.checkpoint()),
                traffic,
                savings,
                work,
                newWeights);
    }

    private static Optional<Manifest> manifest(RunConfig config, TokenizerFiles tokenizer, Configuration hadoop)
            throws IOException {
        Path dataset = new Path(config.dataset());
        if (!Manifest.exists(dataset, hadoop)) {
            return Optional.empty();
        }
        Manifest manifest = Manifest.of(config, hadoop);
        manifest.requireMatches(dataset, config.task(), TaskDatas.of(config).options(tokenizer));
        return Optional.of(manifest);
    }

    /**
     * Plans a run of a model whose files are open.
     *
     * @param model configuration of the model, with the run's vocabulary
     * @param adapter adapter that {@code method.adapter} names, or empty
     * @param manifest manifest of the prepared dataset, or empty
     * @param copied number of bytes of the model's files that are copied to the local disk
     * @param onGpu whether the ranks compute on GPUs
     */
    static RunPlan of(
            RunConfig config,
            HfConfig model,
            TensorSource source,
            Optional<PeftAdapter> adapter,
            Optional<Manifest> manifest,
            long copied,
            boolean onGpu) {
        Adaptation adaptation = TaskSpecs.of(config).adaptation(config, config.method(), model, source, adapter, 1);
        MemoryEstimate estimate = MemoryEstimate.of(config, model, source, manifest, onGpu);
        MemoryEstimate.Choice choice = new MemoryEstimate.Choice(
                adaptation,
                config.training().perDeviceTrainBatchSize(),
                config.training().gradientCheckpointing(),
                config.cluster().shard(),
                OptimizerKind.of(config.training()));
        RankMemory memory = estimate.memory(choice);
        Map<String, Long> smaller = new LinkedHashMap<>();
        alternatives(config, model, source, adaptation, choice).forEach((change, other) -> {
            long needed = estimate.memory(other).sum();
            if (needed < memory.sum() * (1 - WORTH)) {
                smaller.put(change, needed);
            }
        });
        Footprint footprint = estimate.footprint(adaptation);
        long trained = footprint.parameters().trained();
        return new RunPlan(
                footprint.parameters().all(),
                trained,
                memory,
                new Disk(copied, estimate.checkpoint(choice)),
                estimate.traffic(choice),
                new Savings(smaller, LargestBlock.of(footprint)),
                manifest.map(there -> Work.of(config, there)),
                footprint.newWeights());
    }

    private static Map<String, MemoryEstimate.Choice> alternatives(
            RunConfig config, HfConfig model, TensorSource source, Adaptation adaptation, MemoryEstimate.Choice now) {
        Map<String, MemoryEstimate.Choice> changes = new LinkedHashMap<>();
        changes.put("training.gradient_checkpointing=true", now.recomputing());
        if (config.cluster().ranks() > 1) {
            for (Shard shard : Shard.values()) {
                if (shard.compareTo(now.shard()) > 0) {
                    changes.put("cluster.shard=" + shard.name().toLowerCase(Locale.ROOT), now.with(shard));
                }
            }
        }
        boolean pulled = config.training().l2Sp() != 0;
        changes.put("training.optim=adamw_8bit", now.with(OptimizerKind.of(Optim.ADAMW_8BIT, pulled)));
        MethodConfig method = config.method();
        if (method.type() == MethodConfig.Type.LORA) {
            changes.put("method.type=qlora", now.with(adaptation.withStorage(Adaptation.Storage.NF4_DOUBLE)));
        } else if (method.type() == MethodConfig.Type.FULL) {
            MethodConfig lora = MethodConfig.lora(method.r(), method.loraAlpha(), method.targetModules());
            changes.put(
                    "method.type=lora",
                    now.with(TaskSpecs.of(config).adaptation(config, lora, model, source, Optional.empty(), 1)));
        }
        if (now.samples() > 1) {
            int samples = now.samples() / 2;
            int accumulated = config.training().gradientAccumulationSteps() * ((now.samples() + samples - 1) / samples);
            changes.put(
                    "training.per_device_train_batch_size=" + samples + " training.gradient_accumulation_steps="
                            + accumulated,
                    now.ofSamples(samples));
        }
        return changes;
    }
}
