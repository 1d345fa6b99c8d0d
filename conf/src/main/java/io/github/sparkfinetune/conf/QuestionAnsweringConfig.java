package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Key;
import java.io.Serializable;

/**
 * Extractive question answering, under the names of {@code run_qa.py}, an example of {@code transformers}.
 * {@code data.max_length} and {@code data.stride} decide how a long context is cut into windows.
 *
 * @param question column of the question
 * @param context column of the text that contains the answer; a context above {@code data.max_length} is cut into
 *     windows ({@code data.stride})
 * @param answers column of the answers, {@code {text: [...], answer_start: [...]}} or a list of {@code {text,
 *     answer_start}}; answer_start counts characters
 * @param version2WithNegative whether a question may have no answer, as in SQuAD 2.0; false: a row without an answer is
 *     unusable, and the model always answers
 * @param nBestSize most likely first and last tokens of a window that are combined to answers
 * @param maxAnswerLength longest answer in tokens
 * @param padToMaxLength true: samples are padded to {@code data.max_length} and the loss counts padding among the
 *     positions of an answer, as {@code run_qa.py} does; false: padding does not count, so the loss does not depend on
 *     the padding of a batch
 */
public record QuestionAnsweringConfig(
        @Key(hf = Key.NOT_IN_HF) String question,
        @Key(hf = Key.NOT_IN_HF) String context,
        @Key(hf = Key.NOT_IN_HF) String answers,

        @JsonProperty("version_2_with_negative") boolean version2WithNegative,

        @JsonProperty("n_best_size") int nBestSize,

        int maxAnswerLength,
        boolean padToMaxLength)
        implements Serializable {

    public QuestionAnsweringConfig {
        Check.present("question_answering.question", question);
        Check.present("question_answering.context", context);
        Check.present("question_answering.answers", answers);
        Check.that(nBestSize >= 1, "question_answering.n_best_size", nBestSize, "at least 1");
        Check.that(maxAnswerLength >= 1, "question_answering.max_answer_length", maxAnswerLength, "at least 1");
    }
}
