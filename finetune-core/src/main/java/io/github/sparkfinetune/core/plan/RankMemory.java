package io.github.sparkfinetune.core.plan;

import io.github.sparkfinetune.core.memory.Activations;
import io.github.sparkfinetune.core.memory.Footprint;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The most memory that a rank takes outside the Java heap, by what it is for; bytes.
 *
 * @param weights the base model's: mapped, in memory of their own, or trained
 * @param shared of these, what the ranks of a process have once: all that are not trained
 * @param adapters the adapters' weights
 * @param gradients of all that is trained
 * @param optimizer its state
 * @param activations kept for the backward pass, what one block's backward takes besides as far as the loss does not
 *     take as much, and dropout masks; or what an evaluation takes, where that is more
 * @param loss logits of {@value io.github.sparkfinetune.core.objective.VocabularyLoss#CHUNK} tokens and their gradient;
 *     of a masked language model what its head keeps of the masked tokens, too
 * @param scattered what the allocator holds of freed tensors
 * @param staging F32 buffers for one layer's weights that are stored in a smaller form
 * @param base what a JVM with PyTorch takes before it does anything
 * @param direct the part of it that Java counts as direct memory
 * @param evaluation the most that the evaluation after the training takes in all, or 0
 */
public record RankMemory(
        long weights,
        long shared,
        long adapters,
        long gradients,
        long optimizer,
        long activations,
        long loss,
        long scattered,
        long staging,
        long base,
        DirectMemory direct,
        long evaluation) {

    /**
     * Adds up what a rank holds.
     *
     * @param gradients bytes of the gradients of all that is trained, each once
     * @param training a training micro-batch
     * @param loss bytes, see {@link #loss()}
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
        return new RankMemory(
                footprint.weights(),
                footprint.mapped() + footprint.frozen(),
                footprint.adapters(),
                gradients + footprint.largestGradient(),
                optimizer,
                computed + training.masks(),
                loss,
                training.scattered(),
                footprint.staging(),
                MemoryEstimate.BASE,
                new DirectMemory(footprint.direct(), training.masks(), footprint.staging() + exchanged),
                evaluation);
    }

    /** All parts of the training of several ranks in one process, who share its base. */
    public long ofProcess(int ranks) {
        return ranks * sum() - (ranks - 1) * (base + shared);
    }

    /**
     * Adds up what several ranks in one process cannot do without: all but the base model's weights, which may lie in
     * mapped files that the system reads again.
     */
    public long least(int ranks) {
        return ofProcess(ranks) - shared + direct.shared();
    }

    /** Adds up what several ranks in one process take of the machine's memory where they compute on GPUs. */
    public long besideGpus(int ranks) {
        return base + direct.ofProcess(ranks, true);
    }

    /** All parts of the training together. */
    public long sum() {
        return parts().values().stream().mapToLong(Long::longValue).sum();
    }

    /** The parts by name, in the order of this record. */
    public Map<String, Long> parts() {
        Map<String, Long> parts = new LinkedHashMap<>();
        parts.put("weights", weights);
        parts.put("adapters", adapters);
        parts.put("gradients", gradients);
        parts.put("optimizer", optimizer);
        parts.put("activations", activations);
        parts.put("logits and loss", loss);
        parts.put("freed, not returned", scattered);
        parts.put("staging buffers", staging);
        parts.put("JVM and libraries", base);
        return parts;
    }
}
