package io.github.sparkfinetune.core.generate;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.GenerationConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.Decoding;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Continues prompts with a decoder, several at a time, as transformers' {@code generate} does: each prompt gets an
 * answer of up to {@code max_new_tokens}, which an end token completes earlier. A completed answer leaves its batch.
 * The answer to a prompt does not depend on the others of its batch. Not for concurrent use.
 */
public final class Generator {
    /** Tokens of each answer that the cache takes memory for at a time. */
    private static final int ROOM = 128;

    private final NDManager manager;
    private final Decoder model;
    private final GenerationConfig config;
    private final StopCondition stop;
    private final long seed;
    private final int batchSize;

    /**
     * What is continued.
     *
     * @param sample its index, from which together with the seed its random numbers follow
     * @param inputIds its tokens, not empty
     */
    public record Prompt(long sample, int[] inputIds) {}

    /**
     * A generator.
     *
     * @param manager parent of the managers that own what a batch needs
     * @param endTokens ids of the tokens that end an answer
     * @param seed of the run
     * @param batchSize prompts continued at once
     */
    public Generator(
            NDManager manager,
            Decoder model,
            GenerationConfig config,
            Set<Integer> endTokens,
            long seed,
            int batchSize) {
        if (batchSize < 1) {
            throw new IllegalArgumentException("batches of " + batchSize);
        }
        this.manager = manager;
        this.model = model;
        this.config = config;
        this.stop = new StopCondition(endTokens, config.maxNewTokens());
        this.seed = seed;
        this.batchSize = batchSize;
    }

    /**
     * Answers prompts; those of similar length share a batch, whatever their order.
     *
     * @return tokens of each answer, its end token included where it has one, in the order of the prompts
     * @throws RunException before anything is computed, when a prompt is empty or leaves no room for
     *     {@code max_new_tokens}; and when a logit is not a finite number
     */
    public List<int[]> generate(List<Prompt> prompts) {
        prompts.forEach(this::requireFits);
        int[][] answers = new int[prompts.size()][];
        List<Integer> byLength =
                new ArrayList<>(IntStream.range(0, prompts.size()).boxed().toList());
        byLength.sort(Comparator.comparingInt(i -> prompts.get(i).inputIds().length));
        for (int from = 0; from < byLength.size(); from += batchSize) {
            List<Answer> batch = new ArrayList<>();
            for (int place : byLength.subList(from, Math.min(byLength.size(), from + batchSize))) {
                batch.add(new Answer(place, prompts.get(place)));
            }
            complete(batch);
            batch.forEach(answer -> answers[answer.place] = Arrays.copyOf(answer.tokens, answer.length));
        }
        return List.of(answers);
    }

    /**
     * Refuses a prompt that can not be answered. Transformers goes on beyond the model's length, with a warning or,
     * with learned positions, an index error.
     *
     * @throws RunException that names it
     */
    public void requireFits(Prompt prompt) {
        refusal("prompt " + prompt.sample(), prompt.inputIds()).ifPresent(refusal -> {
            throw refusal;
        });
    }

    /** Why a prompt can not be answered; empty if it can. */
    public Optional<String> refusal(int[] prompt) {
        return refusal("the prompt", prompt).map(RunException::getMessage);
    }

    private Optional<RunException> refusal(String name, int[] prompt) {
        if (prompt.length == 0) {
            return Optional.of(RunException.data(name + " is empty: nothing can be generated from it"));
        }
        int room = model.maxLength() - prompt.length;
        if (room < 1) {
            return Optional.of(RunException.data(name + " has " + prompt.length + " tokens, the model takes "
                    + model.maxLength() + " with the answer: shorten it"));
        }
        if (config.maxNewTokens() > room) {
            return Optional.of(RunException.config("generation.max_new_tokens: " + name + " has " + prompt.length
                    + " tokens, with " + config.maxNewTokens() + " more they are above the " + model.maxLength()
                    + " that the model takes: set it to " + room + " at most, or shorten the prompt"));
        }
        return Optional.empty();
    }

    private void complete(List<Answer> answers) {
        List<Answer> open = new ArrayList<>(answers);
        try (Decoding decoding = new Decoding(
                manager,
                model,
                open.stream().map(answer -> answer.prompt.inputIds()).toList(),
                Math.min(ROOM, config.maxNewTokens()))) {
            while (true) {
                choose(open, decoding.logits());
                int[] kept = IntStream.range(0, open.size())
                        .filter(i -> !open.get(i).complete())
                        .toArray();
                if (kept.length == 0) {
                    return;
                }
                if (kept.length < open.size()) {
                    decoding.keep(kept);
                    open.removeIf(Answer::complete);
                }
                decoding.append(open.stream().mapToInt(Answer::last).toArray());
            }
        }
    }

    private void choose(List<Answer> open, FloatBuffer logits) {
        int vocabulary = model.shape().vocabulary();
        for (int i = 0; i < open.size(); i++) {
            open.get(i).choose(logits.slice(i * vocabulary, vocabulary));
        }
    }

    /** An answer as it grows. */
    private final class Answer {
        private final int place;
        private final Prompt prompt;
        private final TokenChooser chooser;
        private final int[] tokens = new int[config.maxNewTokens()];
        private int length;

        Answer(int place, Prompt prompt) {
            this.place = place;
            this.prompt = prompt;
            this.chooser =
                    new TokenChooser(config, model.shape().vocabulary(), seed, prompt.sample(), prompt.inputIds());
        }

        void choose(FloatBuffer logits) {
            tokens[length++] = chooser.choose(logits);
        }

        int last() {
            return tokens[length - 1];
        }

        boolean complete() {
            return stop.stopsAfter(last(), length);
        }
    }
}
