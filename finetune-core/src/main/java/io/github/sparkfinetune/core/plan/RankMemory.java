package io.github.sparkfinetune.core.plan;

import io.github.sparkfinetune.core.memory.Activations;
import io.github.sparkfinetune.core.memory.Footprint;
import io.github.sparkfinetune.core.memory.WeightBytes;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Peak memory of a rank outside the Java heap, by purpose, in bytes.
 *
 * @param weights weights of the model
 * @param trained gradients and optimizer state
 * @param computed working memory of a step
 * @param jvm memory of an idle process
 * @param evaluation total peak memory of the evaluation after training, or 0
 * @param teacher memory while the teacher is asked, before training
 */
public record RankMemory(
        Weights weights, Trained trained, Computed computed, Jvm jvm, long evaluation, Teacher teacher) {

    /**
     * Bytes of weights.
     *
     * @param model weights of the base model: mapped, in their own memory, or trained
     * @param shared part of {@code model} that a process has once for all its ranks: all frozen weights
     * @param adapters weights of the adapters
     */
    public record Weights(long model, long shared, long adapters) {}

    /**
     * Bytes of gradients and optimizer state.
     *
     * @param gradients gradients of all trained parameters
     * @param optimizer state of the optimizer
     */
    public record Trained(long gradients, long optimizer) {}

    /**
     * Bytes of the working memory of a step.
     *
     * @param activations activations for the backward pass, dropout masks, and the part of one block's backward that
     *     exceeds the loss; or the memory of an evaluation, if larger
     * @param loss logits of {@value io.github.sparkfinetune.core.objective.VocabularyLoss#CHUNK} tokens and their
     *     gradient, on a GPU of {@value io.github.sparkfinetune.core.objective.VocabularyLoss#GPU_CHUNK}; for a masked
     *     language model also the head's activations of the masked tokens
     * @param scattered memory of freed tensors that the allocator keeps
     * @param staging buffers for one layer's weights that are stored in a smaller form
     */
    public record Computed(long activations, long loss, long scattered, long staging) {}

    /**
     * Bytes of an idle process, and direct memory.
     *
     * @param base memory of an idle JVM with PyTorch
     * @param direct part of a rank's memory that Java counts as direct memory
     */
    public record Jvm(long base, DirectMemory direct) {}

    /**
     * Bytes while the teacher is asked.
     *
     * @param weights weights, which a process has once for all its ranks
     * @param computed working memory of a rank
     */
    public record Teacher(long weights, long computed) {
        /** No teacher. */
        public static final Teacher NONE = new Teacher(0, 0);

        /** Returns the total peak memory of a rank, or 0 without a teacher. */
        public long sum() {
            return ofProcess(1);
        }

        /** Returns the total peak memory of a process of ranks, or 0 without a teacher. */
        public long ofProcess(int ranks) {
            return weights == 0 ? 0 : weights + ranks * computed + MemoryEstimate.BASE;
        }
    }

    /**
     * Adds up the memory of a rank.
     *
     * @param gradients bytes of all gradients, each once
     * @param training activations of a training micro-batch
     * @param loss bytes, see {@link Computed#loss}
     * @param evaluated bytes of an evaluation batch while training, without its logits, or 0
     * @param evaluation bytes, see {@link #evaluation()}
     * @param optimizer bytes of the optimizer's state
     * @param exchanged bytes that the ranks exchange
     */
    static RankMemory of(
            Footprint footprint,
            long gradients,
            Activations training,
            long loss,
            long evaluated,
            long evaluation,
            long optimizer,
            long exchanged) {
        long computed = Math.max(training.kept() + Math.max(0, training.backward() - loss), evaluated);
        WeightBytes weights = footprint.weights();
        return new RankMemory(
                new Weights(weights.sum(), weights.mapped() + weights.frozen(), footprint.adapters()),
                new Trained(gradients + footprint.largestGradient(), optimizer),
                new Computed(computed + training.masks(), loss, training.scattered(), footprint.staging()),
                new Jvm(
                        MemoryEstimate.BASE,
                        new DirectMemory(weights.direct(), training.masks(), footprint.staging() + exchanged)),
                evaluation,
                Teacher.NONE);
    }

    /** Returns this memory with that of a teacher. */
    RankMemory with(Teacher other) {
        return new RankMemory(weights, trained, computed, jvm, evaluation, other);
    }

    /** Returns this memory with more of it, in bytes, in direct buffers of the rank. */
    RankMemory withDirect(long more) {
        return new RankMemory(
                weights, trained, computed, new Jvm(jvm.base(), jvm.direct().and(more)), evaluation, teacher);
    }

    /** Returns the memory of training on several ranks in one process, which share its base. */
    public long ofProcess(int ranks) {
        return ranks * sum() - (ranks - 1) * (jvm.base() + weights.shared());
    }

    /** Returns the memory of a process of ranks while it asks the teacher or trains, the larger of both. */
    public long mostOfProcess(int ranks) {
        return Math.max(ofProcess(ranks), teacher.ofProcess(ranks));
    }

    /**
     * Returns the least memory of several ranks in one process: all memory except the base model's weights, which may
     * be in mapped files that the system can read again.
     */
    public long least(int ranks) {
        return ofProcess(ranks) - weights.shared() + jvm.direct().shared();
    }

    /** Returns the host memory of several ranks in one process that compute on GPUs. */
    public long besideGpus(int ranks) {
        return jvm.base() + jvm.direct().ofProcess(ranks, true);
    }

    /** Returns the peak memory of a rank: that of the teacher, of training, or of the evaluation. */
    public long peak() {
        return Math.max(sum(), Math.max(evaluation, teacher.sum()));
    }

    /** Returns the memory of training, all parts together. */
    public long sum() {
        return parts().values().stream().mapToLong(Long::longValue).sum();
    }

    /** Returns the parts by name, in the order of this record. */
    public Map<String, Long> parts() {
        Map<String, Long> parts = new LinkedHashMap<>();
        parts.put("weights", weights.model());
        parts.put("adapters", weights.adapters());
        parts.put("gradients", trained.gradients());
        parts.put("optimizer", trained.optimizer());
        parts.put("activations", computed.activations());
        parts.put("logits and loss", computed.loss());
        parts.put("freed, not returned", computed.scattered());
        parts.put("staging buffers", computed.staging());
        parts.put("JVM and libraries", jvm.base());
        return parts;
    }
}
