package io.github.sparkfinetune.core.metric;

import java.util.Map;
import java.util.function.Predicate;

/**
 * Porter's suffix stripping ("An algorithm for suffix stripping", Program 14.3, 1980) with the changes of NLTK's
 * {@code PorterStemmer}, whose stems rouge_score compares. Words are lower-case. Every character that is not a vowel is
 * a consonant, including digits.
 *
 * <p>The measure m of a stem is the number of its vowels that a consonant follows.
 */
final class PorterStemmer {
    private static final Map<String, String> IRREGULAR = Map.ofEntries(
            Map.entry("sky", "sky"),
            Map.entry("skies", "sky"),
            Map.entry("dying", "die"),
            Map.entry("lying", "lie"),
            Map.entry("tying", "tie"),
            Map.entry("news", "news"),
            Map.entry("inning", "inning"),
            Map.entry("innings", "inning"),
            Map.entry("outing", "outing"),
            Map.entry("outings", "outing"),
            Map.entry("canning", "canning"),
            Map.entry("cannings", "canning"),
            Map.entry("howe", "howe"),
            Map.entry("proceed", "proceed"),
            Map.entry("exceed", "exceed"),
            Map.entry("succeed", "succeed"));

    /** Replacement of a suffix. The first matching suffix decides, even if its condition does not hold. */
    private record Rule(String suffix, String replacement) {}

    private static final Rule[] PLURALS = rules("sses:ss ies:i ss:ss s:");
    private static final Rule[] DERIVATIONS =
            rules("ational:ate tional:tion enci:ence anci:ance izer:ize bli:ble alli:al"
                    + " entli:ent eli:e ousli:ous ization:ize ation:ate ator:ate alism:al iveness:ive fulness:ful ousness:ous"
                    + " aliti:al iviti:ive biliti:ble fulli:ful");
    private static final Rule[] ADJECTIVES = rules("icate:ic ative: alize:al iciti:ic ical:ic ful: ness:");
    private static final Rule[] ENDINGS = rules(
            "al: ance: ence: er: ic: able: ible: ant: ement: ment: ent: ion: ou: ism:" + " ate: iti: ous: ive: ize:");

    private PorterStemmer() {}

    /** Returns the stem of a lower-case word. */
    static String stem(String word) {
        String irregular = IRREGULAR.get(word);
        if (irregular != null || word.length() <= 2) {
            return irregular == null ? word : irregular;
        }
        String stem = withoutPlural(word);
        stem = withoutParticiple(stem);
        stem = withoutY(stem);
        stem = withoutDerivation(stem);
        stem = replaced(stem, ADJECTIVES, rest -> measure(rest) > 0);
        stem = withoutEnding(stem);
        stem = withoutE(stem);
        return stem.endsWith("ll") && measure(cut(stem, 1)) > 1 ? cut(stem, 1) : stem;
    }

    /** Step 1a. */
    private static String withoutPlural(String word) {
        if (word.endsWith("ies") && word.length() == 4) {
            return cut(word, 1);
        }
        return replaced(word, PLURALS, rest -> true);
    }

    /** Step 1b. */
    private static String withoutParticiple(String word) {
        if (word.endsWith("ied")) {
            return cut(word, word.length() == 4 ? 1 : 2);
        }
        if (word.endsWith("eed")) {
            return measure(cut(word, 3)) > 0 ? cut(word, 1) : word;
        }
        int suffix = word.endsWith("ed") ? 2 : word.endsWith("ing") ? 3 : 0;
        String stem = cut(word, suffix);
        if (suffix == 0 || !hasVowel(stem)) {
            return word;
        }
        if (stem.endsWith("at") || stem.endsWith("bl") || stem.endsWith("iz")) {
            return stem + "e";
        }
        if (endsInDoubleConsonant(stem)) {
            return "lsz".indexOf(last(stem)) < 0 ? cut(stem, 1) : stem;
        }
        return measure(stem) == 1 && endsInShortSyllable(stem) ? stem + "e" : stem;
    }

    /** Step 1c: NLTK requires a consonant before the y, and another letter before the consonant. */
    private static String withoutY(String word) {
        int y = word.length() - 1;
        return word.endsWith("y") && y > 1 && consonants(word)[y - 1] ? cut(word, 1) + "i" : word;
    }

    /** Step 2. */
    private static String withoutDerivation(String word) {
        if (word.endsWith("alli") && measure(cut(word, 4)) > 0) {
            return withoutDerivation(cut(word, 2));
        }
        if (word.endsWith("logi")) {
            // NLTK measures the stem including the l.
            return measure(cut(word, 3)) > 0 ? cut(word, 1) : word;
        }
        return replaced(word, DERIVATIONS, rest -> measure(rest) > 0);
    }

    /** Step 4. */
    private static String withoutEnding(String word) {
        boolean ion = word.endsWith("ion");
        return replaced(word, ENDINGS, rest -> measure(rest) > 1 && (!ion || "st".indexOf(last(rest)) >= 0));
    }

    /** Step 5a. */
    private static String withoutE(String word) {
        if (!word.endsWith("e")) {
            return word;
        }
        String stem = cut(word, 1);
        int measure = measure(stem);
        return measure > 1 || (measure == 1 && !endsInShortSyllable(stem)) ? stem : word;
    }

    private static String replaced(String word, Rule[] rules, Predicate<String> condition) {
        for (Rule rule : rules) {
            if (word.endsWith(rule.suffix)) {
                String rest = cut(word, rule.suffix.length());
                return condition.test(rest) ? rest + rule.replacement : word;
            }
        }
        return word;
    }

    private static int measure(String stem) {
        boolean[] consonants = consonants(stem);
        int measure = 0;
        for (int i = 1; i < consonants.length; i++) {
            if (consonants[i] && !consonants[i - 1]) {
                measure++;
            }
        }
        return measure;
    }

    private static boolean hasVowel(String stem) {
        for (boolean consonant : consonants(stem)) {
            if (!consonant) {
                return true;
            }
        }
        return false;
    }

    private static boolean endsInDoubleConsonant(String stem) {
        int end = stem.length() - 1;
        return end >= 1 && stem.charAt(end) == stem.charAt(end - 1) && consonants(stem)[end];
    }

    /** Returns whether a stem ends in consonant, vowel, consonant except w, x, y; in NLTK also for vowel, consonant. */
    private static boolean endsInShortSyllable(String stem) {
        boolean[] consonants = consonants(stem);
        int end = consonants.length - 1;
        if (end == 1) {
            return !consonants[0] && consonants[1];
        }
        return end >= 2
                && consonants[end - 2]
                && !consonants[end - 1]
                && consonants[end]
                && "wxy".indexOf(stem.charAt(end)) < 0;
    }

    /** Returns whether each letter is a consonant; a y after a consonant is a vowel. */
    private static boolean[] consonants(String word) {
        boolean[] consonants = new boolean[word.length()];
        for (int i = 0; i < consonants.length; i++) {
            char letter = word.charAt(i);
            consonants[i] = letter == 'y' ? i == 0 || !consonants[i - 1] : "aeiou".indexOf(letter) < 0;
        }
        return consonants;
    }

    private static String cut(String word, int letters) {
        return word.substring(0, word.length() - letters);
    }

    private static char last(String word) {
        return word.charAt(word.length() - 1);
    }

    private static Rule[] rules(String rules) {
        String[] pairs = rules.split(" ", -1);
        Rule[] parsed = new Rule[pairs.length];
        for (int i = 0; i < pairs.length; i++) {
            int colon = pairs[i].indexOf(':');
            parsed[i] = new Rule(pairs[i].substring(0, colon), pairs[i].substring(colon + 1));
        }
        return parsed;
    }
}
