package io.github.sparkfinetune.core.task.question;

import io.github.sparkfinetune.core.metric.SquadScore;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.task.question.QuestionRow;
import java.util.List;

/**
 * Result of a model for a question.
 *
 * @param windows samples of the question
 * @param asked texts of the question
 * @param found best answer, and the score of no answer
 * @param logits logits of each window's tokens, [tokens, 2] for start and end
 */
record FoundAnswer(List<Sample> windows, QuestionRow asked, AnswerSearch.Found found, List<float[]> logits) {

    /** Returns the text of the best answer, or "". */
    String text() {
        AnswerSearch.Answer best = found.best();
        return best == null ? "" : asked.context().substring(best.start(), best.end());
    }

    /** Returns the score of the best answer, or null. */
    Double score() {
        return found.best() == null ? null : (Double) found.best().score();
    }

    /**
     * Returns whether the best answer is predicted.
     *
     * @param threshold preference for no answer above which no answer is predicted
     */
    boolean isPredicted(double threshold) {
        return found.best() != null && found.preference() <= threshold;
    }

    /** Returns the score of an answer against the data. */
    SquadScore score(String answer) {
        return SquadScore.of(answer, asked.answers());
    }

    /** Returns the number of code points of the context before an index. */
    int points(int at) {
        return asked.context().codePointCount(0, at);
    }
}
