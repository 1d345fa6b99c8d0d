package io.github.sparkfinetune.data.task.language;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.sft.SftEncoder;
import io.github.sparkfinetune.data.sft.SftExample;
import io.github.sparkfinetune.data.task.TaskInput;

/** What tasks share whose rows are conversations, instructions or prompts: an example as a document, or as a prompt. */
final class ExampleEncoding {
    private ExampleEncoding() {}

    /**
     * An example with its answers.
     *
     * @param key configuration key of the source, for messages
     * @param file that the example comes from, for messages
     */
    static Document document(SftEncoder encoder, SftExample example, String key, String file) {
        try {
            return encoder.encode(example);
        } catch (RunException e) {
            throw RunException.data(key + ": " + file + ": " + e.getMessage(), e);
        }
    }

    /** What a model is asked to go on from: the prompt, or what comes before the last answer. */
    static TaskInput input(SftEncoder encoder, SftExample example, String file) {
        try {
            SftEncoder.Prompt prompt = encoder.prompt(example);
            return prompt.inputIds().length == 0
                    ? TaskInput.bad(file, UnusableRowException.EMPTY)
                    : TaskInput.prompt(file, prompt.text(), prompt.inputIds(), prompt.reference());
        } catch (RunException e) {
            // The template refuses this conversation; the next one may be as it wants it.
            return TaskInput.bad(file, e.getMessage());
        }
    }
}
