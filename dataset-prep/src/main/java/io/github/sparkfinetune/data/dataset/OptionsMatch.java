package io.github.sparkfinetune.data.dataset;

import io.github.sparkfinetune.conf.error.RunException;
import java.util.Objects;
import org.apache.hadoop.fs.Path;

/**
 * Compares the options of a dataset with the options of a run. All methods throw a {@link RunException} that names the
 * first difference.
 *
 * @param dataset folder of the dataset
 * @param prepared options of the dataset
 * @param requested options of the run
 */
record OptionsMatch(Path dataset, DatasetOptions prepared, DatasetOptions requested) {
    /** Refuses another value of an option that decides tokens and samples. */
    void requireSameSamples() {
        requireSame("data.max_length", prepared.maxLength(), requested.maxLength());
        if (!Objects.equals(prepared.tokenizerSha256(), requested.tokenizerSha256())) {
            throw RunException.data(dataset + " was tokenized with another tokenizer.json (SHA-256 "
                    + prepared.tokenizerSha256() + ", the model's is "
                    + requested.tokenizerSha256()
                    + "): prepare it again into a new data.dir");
        }
        requireSame("data.stride", prepared.stride(), requested.stride());
        requireSame("samples for a teacher", prepared.teacher() != null, requested.teacher() != null);
        requireSameQuestions(prepared.questionAnswering(), requested.questionAnswering());
        requireSameDocuments(prepared.documents(), requested.documents());
    }

    /** Refuses another value of an option that decides what is predicted. */
    void requireSameProblem() {
        requireSame("classification.problem_type", problemType(prepared), problemType(requested));
    }

    /** Refuses another value of one key. */
    void requireSame(String key, Object there, Object here) {
        if (!Objects.equals(there, here)) {
            throw RunException.data(dataset + " was prepared with " + key + ": " + there + ", this run has " + here
                    + ": prepare it again into a new data.dir, or run with " + there);
        }
    }

    private void requireSameQuestions(DatasetOptions.QuestionOptions there, DatasetOptions.QuestionOptions here) {
        requireSame("samples of questions", there != null, here != null);
        if (here != null) {
            requireSame(
                    "question_answering.version_2_with_negative",
                    there.version2WithNegative(),
                    here.version2WithNegative());
        }
    }

    private void requireSameDocuments(DatasetOptions.DocumentOptions there, DatasetOptions.DocumentOptions here) {
        requireSame("samples of documents", there != null, here != null);
        if (here != null) {
            requireSame("data.packing", there.packing(), here.packing());
            requireSame("data.overlong", there.overlong(), here.overlong());
            requireSame("data.assistant_only_loss", there.assistantOnlyLoss(), here.assistantOnlyLoss());
            requireSame("a chat template of SHA-256", there.chatTemplateSha256(), here.chatTemplateSha256());
        }
    }

    private static String problemType(DatasetOptions some) {
        return Objects.requireNonNullElse(some.problemType(), "single_label_classification");
    }
}
