package io.github.sparkfinetune.core.task.language;

/** Prediction of the next token of every text ({@code ForCausalLM}). */
public final class CausalLmTask extends LanguageModelTask {}
