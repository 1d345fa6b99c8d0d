package io.github.sparkfinetune.data.jinja;

import java.util.LinkedHashMap;
import java.util.Map;

/** The only value that a template can change: {@code namespace(x=1)}, {@code set ns.x = 2}. */
final class Namespace {
    final Map<String, Object> attributes = new LinkedHashMap<>();
}
