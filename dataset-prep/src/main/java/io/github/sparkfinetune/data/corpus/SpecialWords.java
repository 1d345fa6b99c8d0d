package io.github.sparkfinetune.data.corpus;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * English words that spaCy's English tokenizer keeps whole or splits by exception: contractions ({@code do|n't}),
 * abbreviations ({@code Mr.}), times ({@code 10|am}) and emoticons. Apostrophes may be typographic.
 */
final class SpecialWords {
    /** Length of the longest special word. */
    static final int LONGEST = 12;

    private static final String WORD = "";
    private static final LongMap PIECES = new LongMap();
    private static final int BITS = 4;
    private static final int END = 15;

    static {
        pronouns();
        questions();
        verbs();
        for (int hour = 1; hour <= 12; hour++) {
            for (String half : List.of("a.m.", "am", "p.m.", "pm")) {
                add(String.valueOf(hour), half);
            }
        }
        for (String split : list("y'|all y|all how|'d|'y not|'ve not|ve can|not gon|na got|ta let|'s c'm|on", " ")) {
            both(list(split, "\\|").toArray(String[]::new));
        }
        for (String whole : list(
                "doin doin' goin goin' nothin nothin' nuthin nuthin' ol ol' somethin somethin' lovin lovin'"
                        + " havin havin' ma'am o'clock",
                " ")) {
            both(whole);
        }
        for (String whole : list(
                "em 'em ll 'll nuff 'nuff 's 'S 're 'd ' '' 'cause 'Cause 'cos 'Cos 'coz 'Coz 'cuz 'Cuz 'bout and/or"
                        + " w/o C++ a.m. p.m. Adm. Bros. co. Co. Corp. D.C. Dr. e.g. E.g. E.G. Gen. Gov. i.e. I.e. I.E. Inc."
                        + " Jr. Ltd. Md. Messrs. Mo. Mont. Mr. Mrs. Ms. Ph.D. Prof. Rep. Rev. Sen. St. vs. v.s. Mt. Ak. Ala."
                        + " Apr. Ariz. Ark. Aug. Calif. Colo. Conn. Dec. Del. Feb. Fla. Ga. Ia. Id. Ill. Ind. Jan. Jul. Jun."
                        + " Kan. Kans. Ky. La. Mar. Mass. Mich. Minn. Miss. N.C. N.D. N.H. N.J. N.M. N.Y. Neb. Nebr. Nev."
                        + " Nov. Oct. Okla. Ore. Pa. S.C. Sep. Sept. Tenn. Va. Wash. Wis. ä. ö. ü.",
                " ")) {
            add(whole);
        }
        for (String emoticon : list(
                ":) :-) :)) :-)) :))) :-))) (: (-: =) (= :] :-] [: [-: [= =] :o) (o: :} :-} 8) 8-) (-8 ;) ;-) (; (-; :( :-("
                        + " :(( :-(( :((( :-((( ): )-: =( >:( :') :'-) :'( :'-( :/ :-/ =/ =| :| :-| ]= :1 :P :-P :p :-p :O :-O"
                        + " :o :-o :0 :-0 :() >:o :* :-* :3 :-3 =3 :> :-> :X :-X :x :-x :D :-D ;D ;-D =D 8D 8-D ^_^ ^__^"
                        + " ^___^ >.< >.> <.< ._. ;_; -_- -__- v.v V.V v_v V_V o_o o_O O_o O_O 0_o o_0 0_0 o.O O.o O.O o.o 0.0"
                        + " o.0 0.o @_@ <3 <33 <333 </3 (^_^) (-_-) (._.) (>_<) (*_*) ><(((*> \\\")",
                " ")) {
            add(emoticon);
        }
        for (char letter = 'a'; letter <= 'z'; letter++) {
            add(letter + ".");
        }
    }

    private SpecialWords() {}

    private static List<String> list(String words, String separator) {
        return List.of(words.split(separator, -1));
    }

    private static void pronouns() {
        for (String pronoun : List.of("i", "you", "he", "she", "it", "we", "they")) {
            willAndWould(pronoun);
        }
        for (String end : List.of("'m", "m")) {
            both("i", end);
            both("i", end, "a");
        }
        ends(List.of("i", "you", "we", "they"), "'ve");
        ends(List.of("you", "we", "they"), "'re");
        ends(List.of("he", "she", "it"), "'s");
    }

    private static void questions() {
        List<String> words = List.of("who", "what", "when", "where", "why", "how", "there");
        List<String> singular = List.of("that", "this");
        List<String> plural = List.of("these", "those");
        for (List<String> kind : List.of(words, singular, plural)) {
            kind.forEach(SpecialWords::willAndWould);
        }
        ends(words, "'s");
        ends(singular, "'s");
        for (List<String> kind : List.of(words, plural)) {
            ends(kind, "'re");
            ends(kind, "'ve");
        }
    }

    private static void verbs() {
        for (String verb : list("ca could do does did had may might must need ought sha should wo would", " ")) {
            not(verb);
            both(verb, "n't", "'ve");
            both(verb, "nt", "ve");
        }
        for (String verb : list("ai are is was were have has dare", " ")) {
            not(verb);
        }
        ends(List.of("could", "might", "must", "should", "would"), "'ve");
    }

    private static void not(String verb) {
        both(verb, "n't");
        both(verb, "nt");
    }

    private static void willAndWould(String subject) {
        for (String end : List.of("'ll", "'d")) {
            ends(List.of(subject), end);
            both(subject, end, "'ve");
            both(subject, end.substring(1), "ve");
        }
    }

    private static void ends(List<String> subjects, String end) {
        for (String subject : subjects) {
            both(subject, end);
            both(subject, end.substring(1));
        }
    }

    /** Adds a word in lower case, and with a capital. */
    private static void both(String... pieces) {
        add(pieces);
        String[] capital = pieces.clone();
        capital[0] = capital[0].substring(0, 1).toUpperCase(Locale.ROOT) + capital[0].substring(1);
        add(capital);
    }

    private static void add(String... pieces) {
        String word = String.join(WORD, pieces);
        if (List.of("ill", "its", "hell", "shell", "shed", "were", "well", "whore")
                .contains(word.toLowerCase(Locale.ROOT))) {
            // More often a word than a contraction without its apostrophe.
            return;
        }
        int ends = END;
        List<Integer> lengths = new ArrayList<>();
        for (String piece : pieces) {
            lengths.add(0, piece.length());
        }
        for (int length : lengths) {
            ends = ends << BITS | length;
        }
        PIECES.put(Hashes.of(word), ends);
    }

    /**
     * Returns the pieces of a special word, or 0 for any other word. Each piece is its length in 4 bits, the first
     * piece lowest; 15 stands above the last.
     */
    static int pieces(long hash) {
        return PIECES.get(hash);
    }

    /** Returns whether a word is special and has one piece. */
    static boolean isWhole(int pieces) {
        return pieces >>> BITS == END;
    }

    /** Returns whether a piece is left. */
    static boolean more(int pieces) {
        return pieces != END;
    }

    /** Returns the length of the first piece. */
    static int length(int pieces) {
        return pieces & (1 << BITS) - 1;
    }

    /** Returns the pieces after the first. */
    static int rest(int pieces) {
        return pieces >>> BITS;
    }
}
