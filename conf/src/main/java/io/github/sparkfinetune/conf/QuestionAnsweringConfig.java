package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;

/**
 * Extractive question answering, under the names of {@code run_qa.py}, an example of {@code transformers}.
 * {@code data.max_length} and {@code data.stride} decide how a long context is cut into windows.
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
