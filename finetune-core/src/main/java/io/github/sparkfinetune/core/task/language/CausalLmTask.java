package io.github.sparkfinetune.core.task.language;

/** The next token of every text ({@code ForCausalLM}). */
public final class CausalLmTask extends LanguageModelTask {}
