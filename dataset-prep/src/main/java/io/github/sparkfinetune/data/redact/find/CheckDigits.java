package io.github.sparkfinetune.data.redact.find;

import java.util.Locale;
import java.util.Set;
import org.apache.commons.validator.routines.checkdigit.LuhnCheckDigit;
import org.apache.commons.validator.routines.checkdigit.VerhoeffCheckDigit;

/** Check digits and letters of identity numbers, and numbers that no authority issues. */
final class CheckDigits {
    private static final String NIF_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE";
    /** Values of the characters at odd places of an Italian fiscal code: of 0 to 9, and of A to Z. */
    private static final int[] FISCAL_ODD = {
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23
    };
    /** Numbers that are published as examples. */
    private static final Set<String> SAMPLE_SSNS = Set.of("123456789", "987654320", "078051120");

    private static final int MOST_EQUAL_DIGITS = 3;

    private CheckDigits() {}

    /** Luhn's check digit, over the digits of a text. */
    static boolean isLuhn(String text) {
        return LuhnCheckDigit.LUHN_CHECK_DIGIT.isValid(digits(text));
    }

    /** Italian VAT number: Luhn's check digit over 11 digits that are not all 0. */
    static boolean isItalianVat(String text) {
        return isLuhn(text) && digits(text).chars().anyMatch(digit -> digit != '0');
    }

    /** Aadhaar number: Verhoeff's check digit, and not the same backwards. */
    static boolean isAadhaar(String text) {
        String digits = digits(text);
        return VerhoeffCheckDigit.VERHOEFF_CHECK_DIGIT.isValid(digits)
                && !new StringBuilder(digits).reverse().toString().equals(digits);
    }

    /** Social Security Number: groups that the Social Security Administration gives out. */
    static boolean isIssuedSsn(String text) {
        String digits = digits(text);
        return !digits.startsWith("000")
                && !digits.startsWith("666")
                && !digits.startsWith("00", 3)
                && !digits.endsWith("0000")
                && !SAMPLE_SSNS.contains(digits)
                && digits.chars().distinct().count() > 1;
    }

    /** NHS number: the digits by their weights 10 to 1 are a multiple of 11. */
    static boolean isNhs(String text) {
        return weighted(digits(text), 10, 9, 8, 7, 6, 5, 4, 3, 2, 1) % 11 == 0;
    }

    /** German tax identification number: ISO 7064 MOD 11,10, and no digit more than three times before the last. */
    static boolean isGermanTaxId(String text) {
        int[] counts = new int[10];
        int product = 10;
        for (int i = 0; i < text.length() - 1; i++) {
            int digit = text.charAt(i) - '0';
            if (++counts[digit] > MOST_EQUAL_DIGITS) {
                return false;
            }
            int sum = (digit + product) % 10;
            product = 2 * (sum == 0 ? 10 : sum) % 11;
        }
        return (11 - product) % 10 == text.charAt(text.length() - 1) - '0';
    }

    /** French NIR: its key is 97 less the remainder of the number; 2A and 2B of Corsica count as 19 and 18. */
    static boolean isNir(String text) {
        String compact = compact(text).replace("2A", "19").replace("2B", "18");
        long number = Long.parseLong(compact.substring(0, compact.length() - 2));
        return 97 - number % 97 == Long.parseLong(compact.substring(compact.length() - 2));
    }

    /** Spanish NIF: the letter of the number's remainder by 23. */
    static boolean isNif(String text) {
        return hasNifLetter(compact(text));
    }

    /** Spanish NIE: as a NIF whose first digit is 0, 1 or 2 for X, Y or Z. */
    static boolean isNie(String text) {
        String compact = compact(text);
        return hasNifLetter((char) (compact.charAt(0) - 'X' + '0') + compact.substring(1));
    }

    private static boolean hasNifLetter(String compact) {
        int last = compact.length() - 1;
        return NIF_LETTERS.charAt(Integer.parseInt(compact.substring(0, last)) % NIF_LETTERS.length())
                == compact.charAt(last);
    }

    /** Italian fiscal code: the letter of the sum of the other 15 characters by 26. */
    static boolean isFiscalCode(String text) {
        String upper = text.toUpperCase(Locale.ROOT);
        int sum = 0;
        for (int i = 0; i < upper.length() - 1; i++) {
            int value = Character.digit(upper.charAt(i), 36);
            value = value < 10 ? value : value - 10;
            sum += i % 2 == 0 ? FISCAL_ODD[value] : value;
        }
        return sum % 26 == upper.charAt(upper.length() - 1) - 'A';
    }

    /** PESEL: the digits by their weights are a multiple of 10. */
    static boolean isPesel(String text) {
        return weighted(text, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1) % 10 == 0;
    }

    private static int weighted(String digits, int... weights) {
        int sum = 0;
        for (int i = 0; i < weights.length; i++) {
            sum += (digits.charAt(i) - '0') * weights[i];
        }
        return sum;
    }

    /** Returns the digits of a text. */
    static String digits(String text) {
        StringBuilder digits = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            if (ScannedText.isDigit(text.charAt(i))) {
                digits.append(text.charAt(i));
            }
        }
        return digits.toString();
    }

    /** Returns the letters, in upper case, and digits of a text. */
    private static String compact(String text) {
        StringBuilder compact = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            if (Character.isLetterOrDigit(text.charAt(i))) {
                compact.append(Character.toUpperCase(text.charAt(i)));
            }
        }
        return compact.toString();
    }
}
