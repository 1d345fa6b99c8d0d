package io.github.sparkfinetune.data.redact.find;

import io.github.sparkfinetune.conf.redact.Entity;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds entities that begin with a word that holds a digit, or so many characters in front of a word that begins with a
 * digit: a regular expression matches there, and a check accepts the matched text.
 */
final class PatternRecogniser implements Recogniser {
    private final Entity entity;
    private final Matcher matcher;
    private final int lead;
    private final Predicate<String> check;

    /**
     * @param pattern expression that matches from the beginning of a word; it may look at the text around
     * @param lead characters of an entity in front of its first digit that may be a word of their own; 0 for none
     * @param check accepts or refuses the matched text
     */
    PatternRecogniser(Entity entity, Pattern pattern, int lead, Predicate<String> check) {
        this.entity = entity;
        this.matcher = pattern.matcher("");
        this.lead = lead;
        this.check = check;
        matcher.useTransparentBounds(true);
        matcher.useAnchoringBounds(false);
    }

    @Override
    public void find(ScannedText scanned, List<Span> found) {
        if (scanned.words() == 0) {
            return;
        }
        String text = scanned.text();
        matcher.reset(text);
        int free = 0;
        for (int word = 0; word < scanned.words(); word++) {
            int start = scanned.start(word);
            if (ScannedText.isDigit(text, start)) {
                start -= lead;
            }
            if (start >= free
                    && ScannedText.isOutside(text, start - 1)
                    && matcher.region(start, text.length()).lookingAt()
                    && check.test(matcher.group())) {
                free = matcher.end();
                found.add(new Span(start, free, entity));
            }
        }
    }
}
