package io.github.sparkfinetune.data.redact.find;

import io.github.sparkfinetune.conf.redact.Entity;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds National Insurance Numbers of the United Kingdom: two letters, six digits and a letter of A to D, in one word
 * or with spaces between pairs. The letters are in no prefix that HM Revenue and Customs leaves out.
 */
final class NinoRecogniser implements Recogniser {
    private static final Pattern NUMBER = Pattern.compile(
            "(?!BG|GB|NK|KN|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]\\b",
            Pattern.CASE_INSENSITIVE);
    /** Letters and a space in front of the first word with a digit. */
    private static final int PREFIX = 3;

    private final Matcher matcher = NUMBER.matcher("");

    NinoRecogniser() {
        matcher.useTransparentBounds(true);
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
                start -= PREFIX;
            }
            if (start >= free
                    && ScannedText.isOutside(text, start - 1)
                    && matcher.region(start, text.length()).lookingAt()) {
                free = matcher.end();
                found.add(new Span(start, free, Entity.UK_NINO));
            }
        }
    }
}
