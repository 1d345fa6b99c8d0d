package io.github.sparkfinetune.data.jinja.function;

import io.github.sparkfinetune.data.jinja.value.Arguments;
import io.github.sparkfinetune.data.jinja.value.Limits;
import io.github.sparkfinetune.data.jinja.value.Numbers;
import io.github.sparkfinetune.data.jinja.value.Repr;
import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import io.github.sparkfinetune.data.jinja.value.Values;
import io.github.sparkfinetune.data.jinja.value.Values.Callee;
import io.github.sparkfinetune.data.jinja.value.Values.Namespace;
import io.github.sparkfinetune.data.jinja.value.Values.View;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Functions that every template can call. */
public final class Globals {
    /** Jinja's limit for sandboxed templates. */
    private static final long MAX_RANGE = 100_000;

    private static final Set<String> OTHERS = Set.of("lipsum", "cycler", "joiner");
    private static final Map<String, Callee> FUNCTIONS = Map.of(
            "range", new Callee("range", Globals::range),
            "dict",
                    new Callee("dict", (limits, arguments) -> {
                        Map<Object, Object> map = arguments.positional().isEmpty()
                                ? new LinkedHashMap<>()
                                : Members.map(limits, arguments.positional().get(0));
                        map.putAll(arguments.named());
                        return map;
                    }),
            "namespace",
                    new Callee("namespace", (limits, arguments) -> {
                        Namespace namespace = new Namespace();
                        if (!arguments.positional().isEmpty()) {
                            Members.map(limits, arguments.positional().get(0))
                                    .forEach((key, value) ->
                                            namespace.attributes().put(Values.text(key), value));
                        }
                        namespace.attributes().putAll(arguments.named());
                        return namespace;
                    }),
            "raise_exception",
                    new Callee("raise_exception", (limits, arguments) -> {
                        Object message =
                                arguments.bind("raise_exception", 1, "message").get(0);
                        throw new TemplateFault(
                                "the template refuses the conversation: " + Repr.string(limits, message));
                    }),
            "strftime_now",
                    new Callee(
                            "strftime_now",
                            (limits, arguments) -> StrftimeNow.format(
                                    limits,
                                    arguments.bind("strftime_now", 1, "format").text(0, ""),
                                    LocalDateTime.now(ZoneId.systemDefault()))));

    private Globals() {}

    /** Returns the function of a name, or null. */
    public static Callee of(String name) {
        if (OTHERS.contains(name)) {
            throw new TemplateFault("the function " + name + "() is not supported");
        }
        return FUNCTIONS.get(name);
    }

    private static Object range(Limits limits, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("range", 1, "/start", "/stop", "/step");
        long start = bound.has(1) ? Numbers.integer(bound.get(0)) : 0;
        long stop = Numbers.integer(bound.has(1) ? bound.get(1) : bound.get(0));
        long step = bound.has(2) ? Numbers.integer(bound.get(2)) : 1;
        if (step == 0) {
            throw new TemplateFault("range() arg 3 must not be zero");
        }
        List<Object> items = new ArrayList<>();
        try {
            for (long i = start; step > 0 ? i < stop : i > stop; i = Math.addExact(i, step)) {
                limits.step();
                if (items.size() == MAX_RANGE) {
                    throw new TemplateFault("range too big: at most " + MAX_RANGE + " numbers");
                }
                items.add(i);
            }
        } catch (ArithmeticException e) {
            throw Numbers.tooLarge();
        }
        return new View("range", items);
    }
}
