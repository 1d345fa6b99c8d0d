package io.github.sparkfinetune.data.jinja;

import java.util.List;

/** Methods of a list or tuple that change nothing. */
final class ListMethods {
    private ListMethods() {}

    /** The method of this name, or null. */
    static Callee of(List<Object> items, String name) {
        return switch (name) {
            case "index" ->
                new Callee(name, (run, arguments) -> {
                    Object wanted = arguments.bind(name, 1, "/value").get(0);
                    for (int i = 0; i < items.size(); i++) {
                        if (Comparison.equal(run, items.get(i), wanted)) {
                            return (long) i;
                        }
                    }
                    throw new TemplateFault(Repr.repr(run, wanted) + " is not in list");
                });
            case "count" ->
                new Callee(name, (run, arguments) -> {
                    Object wanted = arguments.bind(name, 1, "/value").get(0);
                    return items.stream()
                            .filter(item -> Comparison.equal(run, item, wanted))
                            .count();
                });
            default -> null;
        };
    }
}
