package io.github.sparkfinetune.data.jinja.function;

import io.github.sparkfinetune.data.jinja.value.Arguments;
import io.github.sparkfinetune.data.jinja.value.Arithmetic;
import io.github.sparkfinetune.data.jinja.value.Formats;
import io.github.sparkfinetune.data.jinja.value.Limits;
import io.github.sparkfinetune.data.jinja.value.Numbers;
import io.github.sparkfinetune.data.jinja.value.Repr;
import io.github.sparkfinetune.data.jinja.value.Splits;
import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import io.github.sparkfinetune.data.jinja.value.Text;
import io.github.sparkfinetune.data.jinja.value.Values;
import io.github.sparkfinetune.data.jinja.value.Values.Markup;
import io.github.sparkfinetune.data.jinja.value.Values.Tuple;
import io.github.sparkfinetune.data.jinja.value.Values.Undefined;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Jinja's filters by name, and the implementations of the text filters. */
public final class Filters {
    /** A filter: {@code value | name(arguments)}. */
    public interface Filter {
        Object apply(Object value, Arguments arguments, Limits limits);
    }

    static final Map<String, Filter> FILTERS = Map.ofEntries(
            Map.entry("tojson", ToJson::filter),
            Map.entry("safe", (value, arguments, limits) -> {
                arguments.bind("safe", 0);
                return new Markup(Repr.string(limits, value));
            }),
            Map.entry("string", (value, arguments, limits) -> {
                arguments.bind("string", 0);
                return value instanceof Markup ? value : Repr.string(limits, value);
            }),
            Map.entry("trim", (value, arguments, limits) -> {
                String characters = arguments.bind("trim", 0, "chars").text(0, null);
                return Text.strip(charged(limits, value), characters, true, true);
            }),
            plain("upper", Text::upper),
            plain("lower", Text::lower),
            plain("capitalize", Text::capitalized),
            plain("title", Filters::title),
            Map.entry("replace", (value, arguments, limits) -> {
                Arguments.Bound bound = arguments.bind("replace", 2, "old", "new", "count");
                return Splits.replace(
                        limits,
                        charged(limits, value),
                        Repr.string(limits, bound.get(0)),
                        Repr.string(limits, bound.get(1)),
                        bound.integer(2, -1));
            }),
            Map.entry("indent", Filters::indent),
            Map.entry("format", (value, arguments, limits) -> {
                if (!arguments.named().isEmpty() && !arguments.positional().isEmpty()) {
                    throw new TemplateFault("format takes either positional or named arguments");
                }
                Object values = arguments.named().isEmpty()
                        ? new Tuple(arguments.positional())
                        : Members.map(limits, arguments.named());
                return Formats.percent(limits, charged(limits, value), values);
            }),
            Map.entry("default", Filters::defaulted),
            Map.entry("d", Filters::defaulted),
            Map.entry("length", Filters::length),
            Map.entry("count", Filters::length),
            Map.entry("first", SequenceFilters::first),
            Map.entry("last", SequenceFilters::last),
            Map.entry("list", (value, arguments, limits) -> {
                arguments.bind("list", 0);
                return Values.list(limits, value);
            }),
            Map.entry("reverse", SequenceFilters::reverse),
            Map.entry("join", SequenceFilters::join),
            Map.entry("items", (value, arguments, limits) -> {
                arguments.bind("items", 0);
                return SequenceFilters.items(limits, value);
            }),
            Map.entry("map", SelectionFilters::map),
            Map.entry("select", (value, arguments, limits) -> SelectionFilters.select(value, arguments, limits, true)),
            Map.entry("reject", (value, arguments, limits) -> SelectionFilters.select(value, arguments, limits, false)),
            Map.entry(
                    "selectattr",
                    (value, arguments, limits) -> SelectionFilters.selectAttribute(value, arguments, limits, true)),
            Map.entry(
                    "rejectattr",
                    (value, arguments, limits) -> SelectionFilters.selectAttribute(value, arguments, limits, false)),
            Map.entry("sort", SortFilters::sort),
            Map.entry("dictsort", SortFilters::dictsort),
            Map.entry("unique", SortFilters::unique),
            Map.entry("groupby", SortFilters::groupby),
            Map.entry("min", (value, arguments, limits) -> SortFilters.extreme(value, arguments, limits, -1)),
            Map.entry("max", (value, arguments, limits) -> SortFilters.extreme(value, arguments, limits, 1)),
            Map.entry("sum", NumberFilters::sum),
            Map.entry("int", NumberFilters::integer),
            Map.entry("float", NumberFilters::real),
            Map.entry("abs", NumberFilters::absolute),
            Map.entry("round", NumberFilters::round),
            Map.entry(
                    "attr",
                    (value, arguments, limits) -> Members.attribute(
                            value, arguments.bind("attr", 1, "name").text(0, ""))));

    private Filters() {}

    /** Returns the filter of a name. */
    public static Filter of(String name) {
        Filter filter = FILTERS.get(name);
        if (filter == null) {
            throw new TemplateFault("the filter '" + name + "' is not supported");
        }
        return filter;
    }

    /** Converts a value to text, whose length counts towards the limits. */
    static String charged(Limits limits, Object value) {
        String text = Repr.string(limits, value);
        limits.text(text.length());
        return text;
    }

    private static Map.Entry<String, Filter> plain(String name, java.util.function.UnaryOperator<String> filter) {
        return Map.entry(name, (value, arguments, limits) -> {
            arguments.bind(name, 0);
            return filter.apply(charged(limits, value));
        });
    }

    /** Every word capitalized; words end at white space, hyphens and opening brackets only. */
    private static String title(String text) {
        StringBuilder to = new StringBuilder(text.length());
        boolean inWord = false;
        for (int c : text.codePoints().toArray()) {
            to.append(inWord ? Text.lower(Character.toString(c)) : Text.upper(Character.toString(c)));
            inWord = !Text.isSpace(c) && "-({[<".indexOf(c) < 0;
        }
        return to.toString();
    }

    private static Object defaulted(Object value, Arguments arguments, Limits limits) {
        Arguments.Bound bound = arguments.bind("default", 0, "default_value", "boolean");
        boolean alsoFalse = Values.isTrue(bound.get(1, false));
        return value instanceof Undefined || (alsoFalse && !Values.isTrue(value)) ? bound.get(0, "") : value;
    }

    private static Object length(Object value, Arguments arguments, Limits limits) {
        arguments.bind("length", 0);
        return Values.length(limits, value);
    }

    private static Object indent(Object value, Arguments arguments, Limits limits) {
        Arguments.Bound bound = arguments.bind("indent", 0, "width", "first", "blank");
        Object width = bound.get(0, 4L);
        String indent = width instanceof String text ? text : Arithmetic.repeat(limits, " ", Numbers.integer(width));
        boolean blank = Values.isTrue(bound.get(2, false));
        List<Object> lines = new ArrayList<>(Text.lines(charged(limits, value) + "\n", false));
        StringBuilder to = new StringBuilder();
        for (int i = 0; i < lines.size(); i++) {
            String line = (String) lines.get(i);
            boolean indents = i == 0 ? Values.isTrue(bound.get(1, false)) : blank || !line.isEmpty();
            limits.append(to, (i == 0 ? "" : "\n") + (indents ? indent : "") + line);
        }
        return to.toString();
    }
}
