package io.github.sparkfinetune.data.task.question;

import io.github.sparkfinetune.data.dataset.DropReason;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.Window;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import io.github.sparkfinetune.data.tokenizer.TextWindow;
import io.github.sparkfinetune.data.tokenizer.TokenSpans;
import java.util.ArrayList;
import java.util.List;

/**
 * Cuts questions with their contexts into windows as {@code run_qa.py} of {@code transformers} does. A window has the
 * whole question and a stretch of the context. Not for concurrent use.
 *
 * <p>For an answer that lies wholly inside a window, the first token is the last one that begins at or before the
 * answer, and the last token is the first one that ends at or behind it. In other windows both are token 0,
 * {@code [CLS]}.
 *
 * <p>{@code run_qa.py} can find a first token behind the last one, for an answer that is one character of several
 * tokens, or that begins in the last token of a window. Here the first token is then the same as the last.
 */
final class QuestionWindows {
    private static final int[] NOWHERE = {0, 0};

    private final TextTokenizer tokenizer;
    private final int maxLength;
    private final int stride;
    /**
     * Context of the previous question, because most contexts come several times in a row, with different questions.
     */
    private String context;

    private TokenSpans spans;

    QuestionWindows(TextTokenizer tokenizer, int maxLength, int stride) {
        this.tokenizer = tokenizer;
        this.maxLength = maxLength;
        this.stride = stride;
    }

    /**
     * Samples of a question.
     *
     * @param samples empty if the question is dropped
     * @param droppedBecause reason for dropping the question, or null
     */
    record Cut(List<Sample> samples, DropReason droppedBecause) {
        static Cut dropped(DropReason reason) {
            return new Cut(List.of(), reason);
        }
    }

    /** @param supervised true if the samples hold the place of the answer */
    Cut cut(Question question, boolean supervised) {
        QuestionRow row = question.row();
        if (!row.context().equals(context)) {
            spans = tokenizer.encodeWithSpans(row.context());
            context = row.context();
        }
        if (spans.inputIds().length == 0) {
            return Cut.dropped(DropReason.NO_CONTEXT_TOKEN);
        }
        List<TextWindow> windows = tokenizer.encodeWindows(row.question(), spans, maxLength, stride);
        if (windows.isEmpty()) {
            return Cut.dropped(DropReason.OVERLONG_QUESTION);
        }
        List<Sample> samples = new ArrayList<>();
        for (TextWindow window : windows) {
            int number = samples.size();
            int[] answer = supervised ? answer(window.offsets(), question.start(), question.end()) : new int[0];
            // The index is the sample's place in the split, so the file does not store it.
            samples.add(new Sample(0, window.inputIds(), window.tokenTypeIds(), -1)
                    .with(new Window(number, window.offsets(), answer, number == 0 ? row.toJson() : "")));
        }
        return new Cut(samples, null);
    }

    private static int[] answer(int[] offsets, int start, int end) {
        int first = 0;
        while (offsets[2 * first] < 0) {
            first++;
        }
        int last = offsets.length / 2 - 1;
        while (offsets[2 * last] < 0) {
            last--;
        }
        if (start < 0 || offsets[2 * first] > start || offsets[2 * last + 1] < end) {
            return NOWHERE;
        }
        int from = first;
        while (from < last && offsets[2 * (from + 1)] <= start) {
            from++;
        }
        int to = last;
        while (to > first && offsets[2 * (to - 1) + 1] >= end) {
            to--;
        }
        return new int[] {Math.min(from, to), to};
    }
}
