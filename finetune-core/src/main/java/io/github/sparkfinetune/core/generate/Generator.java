package io.github.sparkfinetune.core.generate;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.GenerationConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.Decoding;
import java.nio.FloatBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Generator of answers to prompts. It continues several prompts at a time, as transformers' {@code generate} does. An
 * answer ends with an end token, or after {@code max_new_tokens}. The next prompt takes the slot of a complete answer.
 * An answer does not depend on the other prompts. A generator is not thread-safe.
 */
public final class Generator {
    /** Number of tokens by which the cache grows for each answer. */
    private static final int RESERVED = 128;

    /** Least number of tokens that all prompts share for which these are computed once. */
    private static final int LEAST_SHARED = 16;

    /** Largest number of rows of a step; with more rows, products take longer. */
    private static final int ROWS = 32;

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
     * Answers prompts. The shortest prompts are first.
     *
     * @return tokens of each answer in the order of the prompts, each with its end token, if any
     * @throws RunException if a prompt is empty or leaves no room for {@code max_new_tokens}, before anything is
     *     computed; or if a logit is not finite
     */
    public List<int[]> generate(List<Prompt> prompts) {
        prompts.forEach(this::requireFits);
        if (prompts.isEmpty()) {
            return List.of();
        }
        List<Answer> answers = IntStream.range(0, prompts.size())
                .mapToObj(i -> new Answer(prompts.get(i)))
                .toList();
        Deque<Answer> waiting = answers.stream()
                .sorted(Comparator.comparingInt(answer -> answer.prompt.inputIds().length))
                .collect(Collectors.toCollection(ArrayDeque::new));
        int slots = Math.min(batchSize, prompts.size());
        try (Decoding decoding = new Decoding(manager, model, slots, Math.min(RESERVED, config.maxNewTokens()))) {
            int[] shared = sharedTokens(prompts);
            if (shared.length >= LEAST_SHARED) {
                decoding.share(shared);
            }
            complete(decoding, new ArrayList<>(Collections.nCopies(slots, null)), waiting);
        }
        return answers.stream().map(Answer::tokens).toList();
    }

    /** Returns the tokens with which all prompts begin, without the last token of any. */
    private static int[] sharedTokens(List<Prompt> prompts) {
        int[] first = prompts.get(0).inputIds();
        int length = first.length - 1;
        for (Prompt prompt : prompts) {
            int[] ids = prompt.inputIds();
            int most = Math.min(length, ids.length - 1);
            int differs = Arrays.mismatch(first, 0, most, ids, 0, most);
            length = differs < 0 ? most : differs;
        }
        // A single prompt shares nothing.
        return Arrays.copyOf(first, prompts.size() == 1 ? 0 : length);
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

    /**
     * Completes answers.
     *
     * @param open answer of each slot, or null
     * @param waiting answers that are not begun
     */
    private void complete(Decoding decoding, List<Answer> open, Deque<Answer> waiting) {
        while (true) {
            fill(decoding, open, waiting);
            int[] kept = IntStream.range(0, open.size())
                    .filter(slot -> open.get(slot) != null)
                    .toArray();
            if (kept.length == 0) {
                return;
            }
            if (kept.length < open.size()) {
                decoding.keep(kept);
                open.removeIf(Objects::isNull);
            }
            append(decoding, open);
        }
    }

    /** Begins waiting answers in free slots, until no slot is free or none waits. */
    private void fill(Decoding decoding, List<Answer> open, Deque<Answer> waiting) {
        while (!waiting.isEmpty() && open.contains(null)) {
            int[] free = IntStream.range(0, open.size())
                    .filter(slot -> open.get(slot) == null)
                    .limit(waiting.size())
                    .toArray();
            Arrays.stream(free).forEach(slot -> open.set(slot, waiting.poll()));
            FloatBuffer logits = decoding.start(
                    free,
                    Arrays.stream(free)
                            .mapToObj(slot -> open.get(slot).prompt.inputIds())
                            .toList());
            for (int i = 0; i < free.length; i++) {
                open.get(free[i]).choose(row(logits, i));
                if (open.get(free[i]).complete()) {
                    open.set(free[i], null);
                }
            }
        }
    }

    /** Appends the last token of each answer, and tokens that may follow it; keeps those that do. */
    private void append(Decoding decoding, List<Answer> open) {
        int room = open.stream().mapToInt(Answer::room).min().orElseThrow();
        int longest = Math.max(0, Math.min(config.promptLookupNumTokens(), Math.min(room, ROWS / open.size() - 1)));
        List<int[]> drafts = open.stream().map(answer -> answer.draft(longest)).toList();
        int count = 1 + drafts.stream().mapToInt(draft -> draft.length).max().orElseThrow();
        int[][] tokens = new int[open.size()][count];
        for (int slot = 0; slot < tokens.length; slot++) {
            Arrays.fill(tokens[slot], open.get(slot).last());
            System.arraycopy(drafts.get(slot), 0, tokens[slot], 1, drafts.get(slot).length);
        }
        FloatBuffer logits = decoding.append(tokens);
        for (int slot = 0; slot < tokens.length; slot++) {
            Answer answer = open.get(slot);
            int appended = 1;
            answer.choose(row(logits, slot * count));
            while (!answer.complete()
                    && appended <= drafts.get(slot).length
                    && answer.last() == tokens[slot][appended]) {
                answer.choose(row(logits, slot * count + appended));
                appended++;
            }
            decoding.drop(slot, count - appended);
            if (answer.complete()) {
                open.set(slot, null);
            }
        }
    }

    private FloatBuffer row(FloatBuffer logits, int index) {
        int vocabulary = model.shape().vocabulary();
        return logits.slice(index * vocabulary, vocabulary);
    }

    /** A growing answer. */
    private final class Answer {
        private final Prompt prompt;
        private final TokenChooser chooser;
        private final PromptLookup text;

        Answer(Prompt prompt) {
            this.prompt = prompt;
            this.chooser =
                    new TokenChooser(config, model.shape().vocabulary(), seed, prompt.sample(), prompt.inputIds());
            this.text = new PromptLookup(prompt.inputIds(), config.maxNewTokens());
        }

        void choose(FloatBuffer logits) {
            text.add(chooser.choose(logits));
        }

        int last() {
            return text.last();
        }

        private int length() {
            return text.length() - prompt.inputIds().length;
        }

        /** Returns the number of tokens that the model can take after the last one. */
        int room() {
            return model.maxLength() - text.length();
        }

        /** Returns tokens that may follow, at most as many as the answer may have. */
        int[] draft(int longest) {
            return text.following(Math.min(longest, config.maxNewTokens() - length() - 1));
        }

        boolean complete() {
            return stop.stopsAfter(last(), length());
        }

        int[] tokens() {
            return text.tokens(prompt.inputIds().length);
        }
    }
}
