package io.github.sparkfinetune.data.sft;

/**
 * A prompt with two answers.
 *
 * @param chosen the prompt with the better answer
 * @param rejected the prompt with the worse answer
 */
public record PreferencePair(SftExample chosen, SftExample rejected) {
    /** Returns the texts of both. */
    public String text() {
        return chosen.text() + "\n" + rejected.text();
    }
}
