package io.github.sparkfinetune.data.jinja.function;

import io.github.sparkfinetune.data.jinja.value.Arguments;
import io.github.sparkfinetune.data.jinja.value.Arithmetic;
import io.github.sparkfinetune.data.jinja.value.Formats;
import io.github.sparkfinetune.data.jinja.value.Limits;
import io.github.sparkfinetune.data.jinja.value.Splits;
import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import io.github.sparkfinetune.data.jinja.value.Text;
import io.github.sparkfinetune.data.jinja.value.Values;
import io.github.sparkfinetune.data.jinja.value.Values.Callee;
import io.github.sparkfinetune.data.jinja.value.Values.Tuple;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;

/** Methods of a text. */
final class StringMethods {
    private static final Set<String> OTHERS = Set.of(
            "casefold",
            "encode",
            "expandtabs",
            "format_map",
            "isidentifier",
            "istitle",
            "maketrans",
            "swapcase",
            "translate");

    /** A method of the text {@code self}. */
    private interface Method {
        Object call(Limits limits, String self, Arguments arguments);
    }

    private static final Map<String, Method> METHODS = Map.ofEntries(
            strip("strip", true, true),
            strip("lstrip", true, false),
            strip("rstrip", false, true),
            plain("upper", Text::upper),
            plain("lower", Text::lower),
            plain("title", Text::title),
            plain("capitalize", Text::capitalized),
            plain("isupper", StringMethods::isUpper),
            plain("islower", StringMethods::isLower),
            all("isdigit", c -> Character.digit(c, 10) >= 0),
            all("isdecimal", c -> Character.isDigit(c)),
            all("isnumeric", c -> Character.isDigit(c)),
            all("isalpha", Character::isLetter),
            all("isalnum", Character::isLetterOrDigit),
            all("isspace", Text::isSpace),
            plain("isprintable", text -> text.codePoints().allMatch(c -> c == ' ' || Text.isPrintable(c))),
            plain("isascii", text -> text.chars().allMatch(c -> c < 128)),
            affix("startswith"),
            affix("endswith"),
            Map.entry("removeprefix", (limits, self, arguments) -> {
                String prefix = arguments.bind("removeprefix", 1, "/prefix").text(0, "");
                return self.startsWith(prefix) ? self.substring(prefix.length()) : self;
            }),
            Map.entry("removesuffix", (limits, self, arguments) -> {
                String suffix = arguments.bind("removesuffix", 1, "/suffix").text(0, "");
                return self.endsWith(suffix) ? self.substring(0, self.length() - suffix.length()) : self;
            }),
            split("split", false),
            split("rsplit", true),
            Map.entry("splitlines", (limits, self, arguments) -> {
                Arguments.Bound bound = arguments.bind("splitlines", 0, "keepends");
                return Text.lines(self, Values.isTrue(bound.get(0, false)));
            }),
            partition("partition", false),
            partition("rpartition", true),
            find("find", false, false),
            find("rfind", true, false),
            find("index", false, true),
            find("rindex", true, true),
            Map.entry("count", (limits, self, arguments) -> {
                String part = arguments.bind("count", 1, "/sub").text(0, "");
                return part.isEmpty()
                        ? Values.length(limits, self) + 1
                        : (long) Splits.split(limits, self, part, -1).size() - 1;
            }),
            Map.entry("replace", (limits, self, arguments) -> {
                Arguments.Bound bound = arguments.bind("replace", 2, "/old", "/new", "/count");
                return Splits.replace(
                        limits, self, Values.text(bound.get(0)), Values.text(bound.get(1)), bound.integer(2, -1));
            }),
            Map.entry("join", (limits, self, arguments) -> {
                List<Object> items = Values.list(
                        limits, arguments.bind("join", 1, "/iterable").get(0));
                StringBuilder joined = new StringBuilder();
                for (int i = 0; i < items.size(); i++) {
                    limits.append(joined, i == 0 ? "" : self);
                    limits.append(joined, Values.text(items.get(i)));
                }
                return joined.toString();
            }),
            Map.entry("format", Formats::braces),
            pad("ljust"),
            pad("rjust"),
            pad("center"),
            Map.entry("zfill", (limits, self, arguments) -> {
                long missing = arguments.bind("zfill", 1, "/width").integer(0, 0) - Values.length(limits, self);
                boolean signed = self.startsWith("-") || self.startsWith("+");
                return signed
                        ? self.charAt(0) + Arithmetic.repeat(limits, "0", missing) + self.substring(1)
                        : Arithmetic.repeat(limits, "0", missing) + self;
            }));

    private StringMethods() {}

    /** Returns the method of a name, or null. */
    static Callee of(String self, String name) {
        Members.refuse(self, name, OTHERS);
        Method method = METHODS.get(name);
        return method == null
                ? null
                : new Callee(name, (limits, arguments) -> {
                    limits.text(self.length());
                    return method.call(limits, self, arguments);
                });
    }

    private static Map.Entry<String, Method> plain(String name, java.util.function.Function<String, Object> function) {
        return Map.entry(name, (limits, self, arguments) -> {
            arguments.bind(name, 0);
            return function.apply(self);
        });
    }

    private static Map.Entry<String, Method> all(String name, IntPredicate predicate) {
        return plain(name, text -> !text.isEmpty() && text.codePoints().allMatch(predicate));
    }

    /** Returns Python's {@code islower}: no upper-case letter, and at least one lower-case letter. */
    static boolean isLower(String text) {
        return text.codePoints().anyMatch(Character::isLowerCase)
                && text.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
    }

    /** Returns Python's {@code isupper}: no lower-case letter, and at least one upper-case letter. */
    static boolean isUpper(String text) {
        return text.codePoints().anyMatch(Character::isUpperCase)
                && text.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
    }

    private static Map.Entry<String, Method> strip(String name, boolean left, boolean right) {
        return Map.entry(
                name,
                (limits, self, arguments) ->
                        Text.strip(self, arguments.bind(name, 0, "/chars").text(0, null), left, right));
    }

    private static Map.Entry<String, Method> affix(String name) {
        return Map.entry(name, (limits, self, arguments) -> {
            Object affix = arguments.bind(name, 1, "/" + name).get(0);
            for (Object one : affix instanceof Tuple tuple ? tuple.items() : List.of(Values.text(affix))) {
                String text = Values.text(one);
                if (name.startsWith("s") ? self.startsWith(text) : self.endsWith(text)) {
                    return true;
                }
            }
            return false;
        });
    }

    private static Map.Entry<String, Method> split(String name, boolean fromRight) {
        return Map.entry(name, (limits, self, arguments) -> {
            Arguments.Bound bound = arguments.bind(name, 0, "sep", "maxsplit");
            String separator = bound.text(0, null);
            long most = bound.integer(1, -1);
            return fromRight
                    ? Splits.splitFromRight(limits, self, separator, most)
                    : Splits.split(limits, self, separator, most);
        });
    }

    private static Map.Entry<String, Method> partition(String name, boolean fromRight) {
        return Map.entry(name, (limits, self, arguments) -> {
            String separator = Splits.separator(arguments.bind(name, 1, "/sep").text(0, ""));
            Splits.search(limits, self, separator);
            int at = fromRight ? self.lastIndexOf(separator) : self.indexOf(separator);
            if (at < 0) {
                return new Tuple(fromRight ? List.of("", "", self) : List.of(self, "", ""));
            }
            return new Tuple(List.of(self.substring(0, at), separator, self.substring(at + separator.length())));
        });
    }

    private static Map.Entry<String, Method> find(String name, boolean fromRight, boolean fails) {
        return Map.entry(name, (limits, self, arguments) -> {
            String part = arguments.bind(name, 1, "/sub").text(0, "");
            Splits.search(limits, self, part);
            int at = fromRight ? self.lastIndexOf(part) : self.indexOf(part);
            if (at < 0 && fails) {
                throw new TemplateFault("substring not found");
            }
            return at < 0 ? -1L : (long) self.codePointCount(0, at);
        });
    }

    private static Map.Entry<String, Method> pad(String name) {
        return Map.entry(name, (limits, self, arguments) -> {
            Arguments.Bound bound = arguments.bind(name, 1, "/width", "/fillchar");
            String fill = bound.text(1, " ");
            if (Values.length(limits, fill) != 1) {
                throw new TemplateFault(name + "() fills with exactly one character");
            }
            long width = bound.integer(0, 0);
            long missing = Math.max(0, width - Values.length(limits, self));
            // Python puts the odd character on the left if both the padding and the width are odd.
            long left = name.equals("ljust") ? 0 : name.equals("rjust") ? missing : missing / 2 + (missing & width & 1);
            return Arithmetic.repeat(limits, fill, left) + self + Arithmetic.repeat(limits, fill, missing - left);
        });
    }
}
