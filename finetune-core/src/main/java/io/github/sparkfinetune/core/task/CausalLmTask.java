package io.github.sparkfinetune.core.task;

/** The next token of every text ({@code ForCausalLM}). */
final class CausalLmTask extends LanguageModelTask {}
