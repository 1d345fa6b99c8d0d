package io.github.sparkfinetune.data.corpus;

import io.github.sparkfinetune.conf.corpus.C4Config;

/**
 * C4's rules (Raffel et al. 2020, section 2.2). They leave out lines, then documents. A document that stays keeps its
 * other lines, without citations and without white space at their ends.
 *
 * <p>Sentences are counted as datatrove counts them, by spaCy's rules: a sentence ends where a word follows a
 * {@link CharClass#SENTENCE_END mark}.
 */
final class C4 implements DocumentFilter {
    private static final String[] POLICIES = {
        "terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"
    };
    private static final String[] CITATIONS = {"[edit]", "[citation needed]"};
    /** Reason for a document without a line left, where no sentence is required. */
    private static final String NO_LINE = "no_line";

    private static final String END_MARKS = ".?!\"'";

    private final C4Config rules;
    private final WordSplitter splitter = new WordSplitter();
    private final Words words = new Words();
    private int[] kept = new int[1024];
    private int size;

    C4(C4Config rules) {
        this.rules = rules;
    }

    @Override
    public String rejects(DocumentText document) {
        int[] text = document.codePoints();
        if (kept.length < document.length() + 1) {
            kept = new int[document.length() + document.length() / 2];
        }
        size = 0;
        int sentences = 0;
        Lines lines = new Lines(text, 0, document.length());
        while (lines.next()) {
            int start = DocumentText.skip(text, lines.start(), lines.end(), CharClass.SPACE);
            int end = DocumentText.skipBack(text, start, lines.end(), CharClass.SPACE);
            int count = wordCount(text, start, end);
            if (count < 0) {
                continue;
            }
            // The line is copied first; when it is left out, size stays as it was.
            int before = size;
            int from = before == 0 ? 0 : before + 1;
            int to = copy(text, start, end, from);
            if ((rules.filterNoTerminalPunct() && !endsSentence(from, to)) || count < rules.minWordsPerLine()) {
                continue;
            }
            if (rules.filterLoremIpsum() && contains(from, to, "lorem ipsum")) {
                return "filter_lorem_ipsum";
            }
            if (rules.filterJavascript() && contains(from, to, "javascript")) {
                continue;
            }
            if (rules.filterCurlyBracket() && contains(from, to, "{")) {
                return "filter_curly_bracket";
            }
            if (rules.filterPolicy() && contains(from, to, POLICIES)) {
                continue;
            }
            if (sentences < rules.minNumSentences()) {
                sentences += sentences(from, to);
            }
            if (before > 0) {
                kept[before] = '\n';
            }
            size = to;
        }
        if (sentences < rules.minNumSentences()) {
            return "min_num_sentences";
        }
        int start = DocumentText.skip(kept, 0, size, CharClass.SPACE);
        if (start == size) {
            return NO_LINE;
        }
        document.set(kept, start, DocumentText.skipBack(kept, start, size, CharClass.SPACE));
        return null;
    }

    /** Counts the words between white space; returns -1 if a word is too long. */
    private int wordCount(int[] text, int start, int end) {
        int count = 0;
        int at = start;
        while (at < end) {
            int first = at;
            while (at < end && !CharClass.is(text[at], CharClass.SPACE)) {
                at++;
            }
            if (rules.maxWordLength() > 0 && at - first > rules.maxWordLength()) {
                return -1;
            }
            count += at > first ? 1 : 0;
            at++;
        }
        return count;
    }

    /** Copies a line without its citations behind the kept text; returns the end of the copy. */
    private int copy(int[] text, int start, int end, int to) {
        int target = to;
        int at = start;
        while (at < end) {
            int citation = rules.removeCitations() && text[at] == '[' ? endOfCitation(text, at, end) : -1;
            if (citation > 0) {
                at = citation;
            } else {
                kept[target++] = text[at++];
            }
        }
        return target;
    }

    private static int endOfCitation(int[] text, int start, int end) {
        int at = start + 1;
        while (at < end && Character.isDigit(text[at])) {
            at++;
        }
        if (at < end && text[at] == ']') {
            return at + 1;
        }
        for (String citation : CITATIONS) {
            if (startsWith(text, start, end, citation)) {
                return start + citation.length();
            }
        }
        return -1;
    }

    private static boolean startsWith(int[] text, int start, int end, String needed) {
        if (end - start < needed.length()) {
            return false;
        }
        for (int i = 0; i < needed.length(); i++) {
            if (text[start + i] != needed.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private boolean endsSentence(int from, int to) {
        return to > from && END_MARKS.indexOf(kept[to - 1]) >= 0 && !DocumentText.endsWithStops(kept, from, to);
    }

    /** Returns whether the text contains a phrase, ignoring case. The phrases are in lower case. */
    private boolean contains(int from, int to, String... phrases) {
        for (String phrase : phrases) {
            char first = phrase.charAt(0);
            for (int at = from; at + phrase.length() <= to; at++) {
                if (lower(kept[at]) == first && isHere(at, phrase)) {
                    return true;
                }
            }
        }
        return false;
    }

    private boolean isHere(int at, String phrase) {
        for (int i = 1; i < phrase.length(); i++) {
            if (lower(kept[at + i]) != phrase.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private static int lower(int codePoint) {
        return codePoint >= 'A' && codePoint <= 'Z' ? codePoint + ('a' - 'A') : codePoint;
    }

    private int sentences(int from, int to) {
        words.clear();
        splitter.split(kept, from, to, words);
        int sentences = 1;
        boolean ended = false;
        for (int i = 0; i < words.size(); i++) {
            int start = words.start(i);
            if (ended && isSpaced(words, i)) {
                sentences++;
                ended = false;
            }
            if (words.length(i) == 1 && CharClass.is(kept[start], CharClass.SENTENCE_END)) {
                ended = true;
            } else if (ended && !isPunctuation(start, words.end(i))) {
                sentences++;
                ended = false;
            }
        }
        return sentences;
    }

    /**
     * Returns whether white space other than a single blank lies before a word. To spaCy such white space is a token,
     * which begins a sentence.
     */
    private boolean isSpaced(Words found, int word) {
        int gap = found.end(word - 1);
        int blanks = found.start(word) - gap;
        return blanks > 1 || (blanks == 1 && kept[gap] != ' ');
    }

    private boolean isPunctuation(int from, int to) {
        for (int at = from; at < to; at++) {
            if (!CharClass.is(kept[at], CharClass.PUNCTUATION)) {
                return false;
            }
        }
        return true;
    }
}
