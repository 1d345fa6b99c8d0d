package io.github.sparkfinetune.spark.init;

import java.util.List;

/**
 * What is known of a run before its data and model are looked at.
 *
 * @param model as the file names it: a folder, or a name of the Hugging Face Hub
 * @param data raw text to train on
 * @param task its name, or null
 * @param ranks or null
 * @param rankMib memory that a rank may take outside the Java heap, or null
 * @param settings {@code section.key=value}, which hold whatever is found
 */
public record InitRequest(
        String model, String data, String task, Integer ranks, Integer rankMib, List<String> settings) {
    public InitRequest {
        settings = List.copyOf(settings);
    }
}
