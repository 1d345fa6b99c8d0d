package io.github.sparkfinetune.core.task;

/**
 * Names of the evaluation's columns of an answer to a prompt.
 *
 * @param prompt prompt as the model reads it
 * @param reference answer in the data
 * @param generated answer of the model, null where it was not asked
 */
public record AnswerColumns(String prompt, String reference, String generated) {}
