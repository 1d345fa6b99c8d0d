package io.github.sparkfinetune.data.jinja;

import java.util.Collections;
import java.util.List;

/** Python's tuple: a list with parentheses around it when it is printed. */
record Tuple(List<Object> items) {
    Tuple {
        items = Collections.unmodifiableList(items);
    }
}
