package io.github.sparkfinetune.data.redact.find;

import java.util.Collection;
import java.util.List;

/**
 * Finds telephone numbers, with a + or as they are dialled in one of several regions. Digits of another entity are no
 * telephone number without a +.
 */
final class PhoneRecogniser implements Recogniser {
    private final PhoneNumbers numbers;

    /** @param regions countries, by their two letters, whose numbers need no + */
    PhoneRecogniser(Collection<String> regions) {
        this.numbers = new PhoneNumbers(regions);
    }

    @Override
    public void find(ScannedText scanned, List<Span> found) {
        if (scanned.words() > 0) {
            found.addAll(numbers.find(scanned.text(), Overlaps.merged(found)));
        }
    }
}
