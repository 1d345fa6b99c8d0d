package io.github.sparkfinetune.core.generate;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.GenerationConfig;
import io.github.sparkfinetune.conf.error.RunException;
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
 * Generator of answers to prompts. It continues several prompts at a time, as transformers' {@code generate} does. An
 * answer ends with an end token, or after {@code max_new_tokens}. A completed answer leaves its batch. An answer does
 * not depend on the other prompts of its batch. A generator is not thread-safe.
 */
public final class Generator {
    /** Number of tokens by which the cache grows for each answer. */
    private static final int RESERVED = 128;

    private final NDManager manager;
    private final Decoder model;
    private final GenerationConfig config;
    private final StopCondition stop;
    private final long seed;
    private final int batchSize;

    /**
     * Prompt of an answer.
     *
     * @param sample index of the sample, which together with the seed determines the random numbers
     * @param inputIds token ids of the prompt, not empty
     */
    public record Prompt(long sample, int[] inputIds) {}

    /**
     * Creates a generator.
     *
     * @param manager parent of the managers that own a batch's memory
     * @param endTokens ids of the tokens that end an answer
     * @param seed the run's seed
     * @param batchSize number of prompts that are continued at once
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
     * Answers prompts. Prompts of similar length share a batch, in any order.
     *
     * @return tokens of each answer in the order of the prompts, each with its end token, if any
     * @throws RunException if a prompt is empty or leaves no room for {@code max_new_tokens}, before anything is
     *     computed; or if a logit is not finite
     */
    public List<int[]> generate(List<Prompt> prompts) {
        prompts.forEach(this::requireFits);
        int[][] answers = new int[prompts.size()][];
        List<Integer> byLength =
                new ArrayList<>(IntStream.range(0, prompts.size()).boxed().toList());
        byLength.sort(Comparator.comparingInt(i -> prompts.get(i).inputIds().length));
        for (int from = 0; from < byLength.size(); from += batchSize) {
            List<Answer> batch = new ArrayList<>();
            for (int index : byLength.subList(from, Math.min(byLength.size(), from + batchSize))) {
                batch.add(new Answer(index, prompts.get(index)));
            }
            complete(batch);
            batch.forEach(answer -> answers[answer.index] = Arrays.copyOf(answer.tokens, answer.length));
        }
        return List.of(answers);
    }

    /**
     * Refuses a prompt that cannot be answered. Transformers continues beyond the model's length, with a warning or,
     * with learned positions, an index error.
     *
     * @throws RunException if the prompt cannot be answered; the message names it
     */
    public void requireFits(Prompt prompt) {
        refusal("prompt " + prompt.sample(), prompt.inputIds()).ifPresent(refusal -> {
            throw refusal;
        });
    }

    /** Returns why a prompt cannot be answered; empty if it can. */
    public Optional<String> refusal(int[] prompt) {
        return refusal("the prompt", prompt).map(RunException::getMessage);
    }

    private Optional<RunException> refusal(String name, int[] prompt) {
        if (prompt.length == 0) {
            return Optional.of(RunException.data(name + " is empty: nothing can be generated from it"));
        }
        int available = model.maxLength() - prompt.length;
        if (available < 1) {
            return Optional.of(RunException.data(name + " has " + prompt.length + " tokens; the model takes at most "
                    + model.maxLength() + " with the answer: shorten it"));
        }
        if (config.maxNewTokens() > available) {
            return Optional.of(RunException.config("generation.max_new_tokens: " + name + " has " + prompt.length
                    + " tokens, which with " + config.maxNewTokens() + " new tokens exceed the model's maximum of "
                    + model.maxLength() + ": set it to at most " + available + ", or shorten the prompt"));
        }
        return Optional.empty();
    }

    private void complete(List<Answer> answers) {
        List<Answer> open = new ArrayList<>(answers);
        try (Decoding decoding = new Decoding(
                manager,
                model,
                open.stream().map(answer -> answer.prompt.inputIds()).toList(),
                Math.min(RESERVED, config.maxNewTokens()))) {
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

    /** A growing answer. */
    private final class Answer {
        private final int index;
        private final Prompt prompt;
        private final TokenChooser chooser;
        private final int[] tokens = new int[config.maxNewTokens()];
        private int length;

        Answer(int index, Prompt prompt) {
            this.index = index;
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
