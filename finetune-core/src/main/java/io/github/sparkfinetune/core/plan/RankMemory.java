package io.github.sparkfinetune.core.plan;

import io.github.sparkfinetune.core.memory.Activations;
import io.github.sparkfinetune.core.memory.Footprint;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The most memory that a rank takes outside the Java heap, by what it is for; bytes.
 *
 * @param weights the model's
 * @param trained what is kept of what is trained, besides its weights
 * @param computed what a step computes with
 * @param jvm a process by itself
 * @param evaluation the most that the evaluation after the training takes in all, or 0
 */
public record RankMemory(Weights weights, Trained trained, Computed computed, Jvm jvm, long evaluation) {

    /**
     * Bytes of weights.
     *
     * @param model the base model's: mapped, in memory of their own, or trained
     * @param shared of these, what the ranks of a process have once: all that are not trained
     * @param adapters the adapters'
     */
    public record Weights(long model, long shared, long adapters) {}

    /**
     * Bytes of what is kept of what is trained, besides its weights.
     *
     * @param gradients of all of it
     * @param optimizer the optimizer's state
     */
    public record Trained(long gradients, long optimizer) {}

    /**
     * Bytes of what a step computes with.
     *
     * @param activations kept for the backward pass, what one block's backward takes besides as far as the loss does
     *     not take as much, and dropout masks; or what an evaluation takes, where that is more
     * @param loss logits of {@value io.github.sparkfinetune.core.objective.VocabularyLoss#CHUNK} tokens and their
     *     gradient; of a masked language model what its head keeps of the masked tokens, too
     * @param scattered what the allocator holds of freed tensors
     * @param staging F32 buffers for one layer's weights that are stored in a smaller form
     */
    public record Computed(long activations, long loss, long scattered, long staging) {}

    /**
     * Bytes of a process by itself, and what Java counts.
     *
     * @param base what a JVM with PyTorch takes before it does anything
     * @param direct the part of a rank's memory that Java counts as direct memory
     */
    public record Jvm(long base, DirectMemory direct) {}

    /**
     * Adds up what a rank holds.
     *
     * @param gradients bytes of the gradients of all that is trained, each once
     * @param training a training micro-batch
     * @param loss bytes, see {@link Computed#loss}
     * @param evaluated bytes of an evaluation batch while training without its logits, or 0
     * @param evaluation bytes, see {@link #evaluation()}
     * @param optimizer bytes of its state
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
        Footprint.Weights weights = footprint.weights();
        return new RankMemory(
                new Weights(weights.sum(), weights.mapped() + weights.frozen(), footprint.adapters()),
                new Trained(gradients + footprint.largestGradient(), optimizer),
                new Computed(computed + training.masks(), loss, training.scattered(), footprint.staging()),
                new Jvm(
                        MemoryEstimate.BASE,
                        new DirectMemory(weights.direct(), training.masks(), footprint.staging() + exchanged)),
                evaluation);
    }

    /** All parts of the training of several ranks in one process, who share its base. */
    public long ofProcess(int ranks) {
        return ranks * sum() - (ranks - 1) * (jvm.base() + weights.shared());
    }

    /**
     * Adds up what several ranks in one process cannot do without: all but the base model's weights, which may lie in
     * mapped files that the system reads again.
     */
    public long least(int ranks) {
        return ofProcess(ranks) - weights.shared() + jvm.direct().shared();
    }

    /** Adds up what several ranks in one process take of the machine's memory where they compute on GPUs. */
    public long besideGpus(int ranks) {
        return jvm.base() + jvm.direct().ofProcess(ranks, true);
    }

    /** All parts of the training together. */
    public long sum() {
        return parts().values().stream().mapToLong(Long::longValue).sum();
    }

    /** The parts by name, in the order of this record. */
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
