package io.github.sparkfinetune.data.task.language;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.sft.SftEncoder;
import io.github.sparkfinetune.data.sft.SftExample;
import io.github.sparkfinetune.data.task.TaskInput;

/**
 * Encodes an example as a document or a prompt, for the tasks whose rows are conversations, instructions or prompts.
 */
final class ExampleEncoding {
    private ExampleEncoding() {}

    /**
     * Encodes an example with its answers.
     *
     * @param key configuration key of the source, for messages
     * @param file file that the example is from, for messages
     */
    static Document document(SftEncoder encoder, SftExample example, String key, String file) {
        try {
            return encoder.encode(example);
        } catch (RunException e) {
            throw RunException.data(key + ": " + file + ": " + e.getMessage(), e);
        }
    }

    /** Encodes the prompt of an example, or the messages before its last answer. */
    static TaskInput input(SftEncoder encoder, SftExample example, String file) {
        try {
            SftEncoder.Prompt prompt = encoder.prompt(example);
            return prompt.inputIds().length == 0
                    ? TaskInput.bad(file, UnusableRowException.EMPTY)
                    : TaskInput.prompt(file, prompt.text(), prompt.inputIds(), prompt.reference());
        } catch (RunException e) {
            // The template refuses this conversation, and may accept the next one.
            return TaskInput.bad(file, e.getMessage());
        }
    }
}
