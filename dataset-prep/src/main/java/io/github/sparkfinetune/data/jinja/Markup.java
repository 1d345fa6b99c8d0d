package io.github.sparkfinetune.data.jinja;

/** Text that the filter {@code safe} marked. It can be printed, joined by {@code ~} and tested; anything else fails. */
record Markup(String text) {}
