package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.Quoted;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * A regular expression for names of modules. An adapter of unknown origin may contain an expression that never ends,
 * such as {@code (a*)*b}; matching then fails with an error.
 */
final class ModuleExpression {
    /** Most characters that a match may read. */
    private static final int MOST_STEPS = 1_000_000;

    private final String key;
    private final String expression;
    private final Pattern pattern;

    private ModuleExpression(String key, String expression, Pattern pattern) {
        this.key = key;
        this.expression = expression;
        this.pattern = pattern;
    }

    /**
     * Compiles an expression in Python's or Java's syntax.
     *
     * @param key setting that the expression comes from, for messages
     * @throws RunException if the text is not a regular expression
     */
    static ModuleExpression of(String key, String expression) {
        try {
            // Python writes a named group (?P<name>...).
            return new ModuleExpression(key, expression, Pattern.compile(expression.replace("(?P<", "(?<")));
        } catch (PatternSyntaxException e) {
            throw RunException.config(key + ": " + Quoted.plain(expression) + " is not a regular expression ("
                    + e.getDescription() + ")");
        } catch (StackOverflowError e) {
            throw tooMuch(key, expression);
        }
    }

    /**
     * Returns whether a whole name matches.
     *
     * @throws RunException if matching takes too long
     */
    boolean matches(String name) {
        try {
            return pattern.matcher(new Bounded(name)).matches();
        } catch (StackOverflowError e) {
            throw tooMuch(key, expression);
        }
    }

    /**
     * Returns the match at the start of a name, if any.
     *
     * @throws RunException if matching takes too long
     */
    Optional<Matcher> findAtStart(String name) {
        try {
            Matcher matcher = pattern.matcher(new Bounded(name));
            return matcher.lookingAt() ? Optional.of(matcher) : Optional.empty();
        } catch (StackOverflowError e) {
            throw tooMuch(key, expression);
        }
    }

    private static RunException tooMuch(String key, String expression) {
        return RunException.config(key + ": the regular expression " + Quoted.name(expression)
                + " takes too long: name the modules in a simpler way");
    }

    /** A name with a limit on the characters that are read. */
    private final class Bounded implements CharSequence {
        private final String name;
        private int steps;

        Bounded(String name) {
            this.name = name;
        }

        @Override
        public char charAt(int index) {
            if (++steps > MOST_STEPS) {
                throw tooMuch(key, expression);
            }
            return name.charAt(index);
        }

        @Override
        public int length() {
            return name.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return name.subSequence(start, end);
        }

        @Override
        public String toString() {
            return name;
        }
    }
}
