package io.github.sparkfinetune.extra.evidence;

/**
 * Result of a check of evidence.
 *
 * @param subject what was checked, in one word
 * @param text result, in one line
 * @param differs whether the evidence does not hold
 */
public record Verdict(String subject, String text, boolean differs) {
    /** Returns the line that a user sees. */
    String line() {
        return "%-10s%s%s".formatted(subject, subject.length() < 10 ? "" : " ", differs ? "DIFFERS: " : "") + text;
    }

    static Verdict holds(String subject, String text) {
        return new Verdict(subject, text, false);
    }

    static Verdict differs(String subject, String text) {
        return new Verdict(subject, text, true);
    }
}
