package io.github.sparkfinetune.core.task.language;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Prompts;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleSource;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * A held-out sample of a language model, with its prompts to answer.
 *
 * @param asked numbers of the answered prompts among all answered prompts, by index of the document
 */
record PromptSelection(Sample sample, Map<Integer, Long> asked) {

    /**
     * Returns one task's part of a split. The answered prompts are the first prompts in storage order, for any number
     * of tasks. Answers take far longer than losses. Therefore the samples with answered prompts are assigned to tasks
     * in turn, and the other samples in equal ranges.
     *
     * @param task index of the task
     * @param prompts number of prompts that all tasks together answer
     * @param refusal returns the reason why a prompt cannot be answered; such a prompt is skipped
     * @throws RunException if no prompt can be answered
     */
    static Iterator<PromptSelection> part(
            SampleSource split, int task, int tasks, int prompts, Function<int[], Optional<String>> refusal) {
        List<PromptSelection> mine = new ArrayList<>();
        long rows = split.size();
        long index = 0;
        long answered = 0;
        Optional<String> refused = Optional.empty();
        for (; answered < prompts && index < rows; index++) {
            Sample sample = split.read(index);
            Map<Integer, Long> asked = new TreeMap<>();
            for (Prompts.Prompt prompt : Prompts.of(sample)) {
                Optional<String> why = refusal.apply(prompt.inputIds());
                if (why.isPresent()) {
                    refused = refused.or(() -> why);
                } else if (answered < prompts) {
                    asked.put(prompt.document(), answered++);
                }
            }
            if (index % tasks == task) {
                mine.add(new PromptSelection(sample, asked));
            }
        }
        if (prompts > 0 && answered == 0) {
            throw RunException.config("generation.eval_samples: no held-out prompt can be answered ("
                    + refused.orElse("none of the documents has one") + "): set it to 0, or fix the cause");
        }
        long rest = rows - index;
        long from = index + rest * task / tasks;
        long to = index + rest * (task + 1) / tasks;
        return Stream.concat(
                        mine.stream(),
                        LongStream.range(from, to).mapToObj(at -> new PromptSelection(split.read(at), Map.of())))
                .iterator();
    }
}
