package io.github.sparkfinetune.spark.init;

import java.util.List;

/**
 * Settings of a run before its data and model are read.
 *
 * @param model model as in the configuration: a folder, or {@code hub:org/name}
 * @param data raw text to train on
 * @param task name of the task, or null
 * @param ranks number of ranks, or null
 * @param rankMib memory that a rank may take outside the Java heap, in MiB, or null
 * @param settings settings {@code section.key=value}, which override what init finds
 */
public record InitRequest(
        String model, String data, String task, Integer ranks, Integer rankMib, List<String> settings) {
    public InitRequest {
        settings = List.copyOf(settings);
    }
}
