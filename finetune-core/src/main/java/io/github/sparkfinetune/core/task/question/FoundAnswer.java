package io.github.sparkfinetune.core.task.question;

import io.github.sparkfinetune.core.metric.SquadScore;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.task.question.QuestionRow;
import java.util.List;

/**
 * What a model finds of a question.
 *
 * @param windows the question's samples
 * @param asked its texts
 * @param found the best answer, and none
 * @param logits of each window's tokens, a start and an end each
 */
record FoundAnswer(List<Sample> windows, QuestionRow asked, AnswerSearch.Found found, List<float[]> logits) {

    /** The best answer's text, "" where there is none. */
    String text() {
        AnswerSearch.Answer best = found.best();
        return best == null ? "" : asked.context().substring(best.start(), best.end());
    }

    /** The best answer's score, or null. */
    Double score() {
        return found.best() == null ? null : (Double) found.best().score();
    }

    /**
     * Whether the best answer is given.
     *
     * @param threshold of the preference for none above which it is not
     */
    boolean isGiven(double threshold) {
        return found.best() != null && found.preference() <= threshold;
    }

    /** How good an answer is. */
    SquadScore score(String answer) {
        return SquadScore.of(answer, asked.answers());
    }

    /** Code points of the context before a place in it. */
    int points(int at) {
        return asked.context().codePointCount(0, at);
    }
}
