package io.github.sparkfinetune.data.redact.find;

import io.github.sparkfinetune.conf.redact.Entity;
import java.util.List;
import org.apache.commons.validator.routines.IBANValidator;

/**
 * Finds International Bank Account Numbers in upper case: of the length and the form of their country, with the check
 * digits of ISO 7064 MOD 97-10. A space or a hyphen may follow every fourth character.
 */
final class IbanRecogniser implements Recogniser {
    private static final int GROUP = 4;

    private final IBANValidator validator = IBANValidator.getInstance();

    @Override
    public void find(ScannedText scanned, List<Span> found) {
        String text = scanned.text();
        int free = 0;
        for (int word = 0; word < scanned.words(); word++) {
            int start = scanned.start(word);
            int end = start >= free && begins(text, start) ? end(text, start) : -1;
            if (end > 0) {
                found.add(new Span(start, end, Entity.IBAN_CODE));
                free = end;
            }
        }
    }

    private static boolean begins(String text, int at) {
        return at + GROUP < text.length()
                && isUpper(text.charAt(at))
                && isUpper(text.charAt(at + 1))
                && ScannedText.isDigit(text, at + 2)
                && ScannedText.isDigit(text, at + 3);
    }

    /** Returns the end of the number that begins at a place, or -1. */
    private int end(String text, int from) {
        IBANValidator.Validator country = validator.getValidator(text.substring(from, from + 2));
        if (country == null) {
            return -1;
        }
        StringBuilder compact = new StringBuilder();
        int at = from;
        while (at < text.length() && compact.length() < country.getIbanLength()) {
            char character = text.charAt(at);
            boolean separator = compact.length() > 0
                    && compact.length() % GROUP == 0
                    && (character == ' ' || character == '-')
                    && text.charAt(at - 1) != ' '
                    && text.charAt(at - 1) != '-';
            if (!separator) {
                if (!isUpper(character) && !ScannedText.isDigit(character)) {
                    return -1;
                }
                compact.append(character);
            }
            at++;
        }
        return ScannedText.isOutside(text, at) && validator.isValid(compact.toString()) ? at : -1;
    }

    private static boolean isUpper(char character) {
        return character >= 'A' && character <= 'Z';
    }
}
