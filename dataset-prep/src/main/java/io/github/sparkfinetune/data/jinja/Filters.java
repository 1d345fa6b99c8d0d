package io.github.sparkfinetune.data.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Jinja's filters, and those of text. */
final class Filters {
    /** A filter: {@code value | name(arguments)}. */
    interface Filter {
        Object apply(Object value, Arguments arguments, Run run);
    }

    static final Map<String, Filter> FILTERS = Map.ofEntries(
            Map.entry("tojson", ToJson::filter),
            Map.entry("safe", (value, arguments, run) -> {
                arguments.bind("safe", 0);
                return new Markup(Repr.string(run, value));
            }),
            Map.entry("string", (value, arguments, run) -> {
                arguments.bind("string", 0);
                return value instanceof Markup ? value : Repr.string(run, value);
            }),
            Map.entry("trim", (value, arguments, run) -> {
                String characters = arguments.bind("trim", 0, "chars").text(0, null);
                return Text.strip(charged(run, value), characters, true, true);
            }),
            plain("upper", Text::upper),
            plain("lower", Text::lower),
            plain("capitalize", Text::capitalized),
            plain("title", Filters::title),
            Map.entry("replace", (value, arguments, run) -> {
                Arguments.Bound bound = arguments.bind("replace", 2, "old", "new", "count");
                return Splits.replace(
                        run,
                        charged(run, value),
                        Repr.string(run, bound.get(0)),
                        Repr.string(run, bound.get(1)),
                        bound.integer(2, -1));
            }),
            Map.entry("indent", Filters::indent),
            Map.entry("format", (value, arguments, run) -> {
                if (!arguments.named().isEmpty() && !arguments.positional().isEmpty()) {
                    throw new TemplateFault("format takes either positional or named arguments");
                }
                Object values = arguments.named().isEmpty()
                        ? new Tuple(arguments.positional())
                        : Members.map(run, arguments.named());
                return Formats.percent(run, charged(run, value), values);
            }),
            Map.entry("default", Filters::defaulted),
            Map.entry("d", Filters::defaulted),
            Map.entry("length", Filters::length),
            Map.entry("count", Filters::length),
            Map.entry("first", SequenceFilters::first),
            Map.entry("last", SequenceFilters::last),
            Map.entry("list", (value, arguments, run) -> {
                arguments.bind("list", 0);
                return Values.list(run, value);
            }),
            Map.entry("reverse", SequenceFilters::reverse),
            Map.entry("join", SequenceFilters::join),
            Map.entry("items", (value, arguments, run) -> {
                arguments.bind("items", 0);
                return SequenceFilters.items(run, value);
            }),
            Map.entry("map", SelectionFilters::map),
            Map.entry("select", (value, arguments, run) -> SelectionFilters.select(value, arguments, run, true)),
            Map.entry("reject", (value, arguments, run) -> SelectionFilters.select(value, arguments, run, false)),
            Map.entry(
                    "selectattr",
                    (value, arguments, run) -> SelectionFilters.selectAttribute(value, arguments, run, true)),
            Map.entry(
                    "rejectattr",
                    (value, arguments, run) -> SelectionFilters.selectAttribute(value, arguments, run, false)),
            Map.entry("sort", SortFilters::sort),
            Map.entry("dictsort", SortFilters::dictsort),
            Map.entry("unique", SortFilters::unique),
            Map.entry("groupby", SortFilters::groupby),
            Map.entry("min", (value, arguments, run) -> SortFilters.extreme(value, arguments, run, -1)),
            Map.entry("max", (value, arguments, run) -> SortFilters.extreme(value, arguments, run, 1)),
            Map.entry("sum", NumberFilters::sum),
            Map.entry("int", NumberFilters::integer),
            Map.entry("float", NumberFilters::real),
            Map.entry("abs", NumberFilters::absolute),
            Map.entry("round", NumberFilters::round),
            Map.entry(
                    "attr",
                    (value, arguments, run) -> Members.attribute(
                            value, arguments.bind("attr", 1, "name").text(0, ""))));

    private Filters() {}

    /** The filter of this name. */
    static Filter of(String name) {
        Filter filter = FILTERS.get(name);
        if (filter == null) {
            throw new TemplateFault("the filter '" + name + "' is not supported");
        }
        return filter;
    }

    /** A value as text, its length counted. */
    static String charged(Run run, Object value) {
        String text = Repr.string(run, value);
        run.text(text.length());
        return text;
    }

    private static Map.Entry<String, Filter> plain(String name, java.util.function.UnaryOperator<String> filter) {
        return Map.entry(name, (value, arguments, run) -> {
            arguments.bind(name, 0);
            return filter.apply(charged(run, value));
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

    private static Object defaulted(Object value, Arguments arguments, Run run) {
        Arguments.Bound bound = arguments.bind("default", 0, "default_value", "boolean");
        boolean alsoFalse = Values.isTrue(bound.get(1, false));
        return value instanceof Undefined || (alsoFalse && !Values.isTrue(value)) ? bound.get(0, "") : value;
    }

    private static Object length(Object value, Arguments arguments, Run run) {
        arguments.bind("length", 0);
        return Values.length(run, value);
    }

    private static Object indent(Object value, Arguments arguments, Run run) {
        Arguments.Bound bound = arguments.bind("indent", 0, "width", "first", "blank");
        Object width = bound.get(0, 4L);
        String indent = width instanceof String text ? text : Arithmetic.repeat(run, " ", Numbers.integer(width));
        boolean blank = Values.isTrue(bound.get(2, false));
        List<Object> lines = new ArrayList<>(Text.lines(charged(run, value) + "\n", false));
        StringBuilder to = new StringBuilder();
        for (int i = 0; i < lines.size(); i++) {
            String line = (String) lines.get(i);
            boolean indents = i == 0 ? Values.isTrue(bound.get(1, false)) : blank || !line.isEmpty();
            run.append(to, (i == 0 ? "" : "\n") + (indents ? indent : "") + line);
        }
        return to.toString();
    }
}
