package io.github.sparkfinetune.data.corpus;

import io.github.sparkfinetune.data.jinja.value.Text;
import java.util.Arrays;

/** Classes of code points that the rules distinguish: flags, looked up in a table. */
final class CharClass {
    /** White space, as Python's {@code str.isspace} defines it. */
    static final int SPACE = 1;
    /** A letter (Unicode L). */
    static final int LETTER = 1 << 1;
    /** A letter that is not upper case: a lower-case letter, or a letter of a script without case. */
    static final int NOT_UPPER = 1 << 2;
    /** A letter that is not lower case. */
    static final int NOT_LOWER = 1 << 3;
    /** 0 to 9. */
    static final int DIGIT = 1 << 4;
    /** Punctuation (Unicode P). */
    static final int PUNCTUATION = 1 << 5;
    /** A character that makes no word by itself: the set of CCNet's and datatrove's cleaning. */
    static final int SYMBOL = 1 << 6;
    /** A character that ends a sentence in some script (Unicode's Sentence_Terminal). */
    static final int SENTENCE_END = 1 << 7;
    /** A character that ends a line, as Python's {@code str.splitlines} defines it. */
    static final int LINE_END = 1 << 8;
    /** A character that is a token by itself at the beginning of a word. */
    static final int PREFIX = 1 << 9;
    /** A character that is a token by itself at the end of a word. */
    static final int SUFFIX = 1 << 10;
    /** A character that is a token by itself inside a word. */
    static final int ICON = 1 << 11;
    /** A quotation mark, or a bracket used as a quotation mark. */
    static final int QUOTE = 1 << 12;
    /** A currency sign. */
    static final int CURRENCY = 1 << 13;
    /** A character that, besides icons, may split a word inside. */
    static final int INFIX = 1 << 14;
    /** A character that, besides digits and letters, may stand before a full stop that ends a word. */
    static final int BEFORE_STOP = 1 << 15;

    private static final int BASIC = 0x10000;

    /** Ranges of code points, each given by its first and last. */
    private static final int[] SENTENCE_ENDS = {
        0x21, 0x21, 0x2E, 0x2E, 0x3F, 0x3F, 0x589, 0x589, 0x61D, 0x61F, 0x6D4, 0x6D4, 0x700, 0x702, 0x7F9, 0x7F9, 0x837,
        0x837, 0x839, 0x839, 0x83D, 0x83E, 0x964, 0x965, 0x104A, 0x104B, 0x1362, 0x1362, 0x1367, 0x1368, 0x166E, 0x166E,
        0x1735, 0x1736, 0x17D4, 0x17D6, 0x17D9, 0x17DA, 0x1803, 0x1803, 0x1809, 0x1809, 0x1944, 0x1945, 0x1AA8, 0x1AAB,
        0x1B5A, 0x1B5B, 0x1B5E, 0x1B5F, 0x1B7D, 0x1B7E, 0x1C3B, 0x1C3C, 0x1C7E, 0x1C7F, 0x203C, 0x203D, 0x2047, 0x2049,
        0x2E2E, 0x2E2E, 0x2E3C, 0x2E3C, 0x2E53, 0x2E54, 0x3002, 0x3002, 0xA4FF, 0xA4FF, 0xA60E, 0xA60F, 0xA6F3, 0xA6F3,
        0xA6F7, 0xA6F7, 0xA876, 0xA877, 0xA8CE, 0xA8CF, 0xA92F, 0xA92F, 0xA9C8, 0xA9C9, 0xAA5D, 0xAA5F, 0xAAF0, 0xAAF1,
        0xABEB, 0xABEB, 0xFE52, 0xFE52, 0xFE56, 0xFE57, 0xFF01, 0xFF01, 0xFF0E, 0xFF0E, 0xFF1F, 0xFF1F, 0xFF61, 0xFF61,
        0x10A56, 0x10A57, 0x10F55, 0x10F59, 0x10F86, 0x10F89, 0x11047, 0x11048, 0x110BE, 0x110C1, 0x11141, 0x11143,
        0x111C5, 0x111C6, 0x111CD, 0x111CD, 0x111DE, 0x111DF, 0x11238, 0x11239, 0x1123B, 0x1123C, 0x112A9, 0x112A9,
        0x1144B, 0x1144C, 0x115C2, 0x115C3, 0x115C9, 0x115D7, 0x11641, 0x11642, 0x1173C, 0x1173E, 0x11944, 0x11944,
        0x11946, 0x11946, 0x11A42, 0x11A43, 0x11A9B, 0x11A9C, 0x11C41, 0x11C42, 0x11EF7, 0x11EF8, 0x11F43, 0x11F44,
        0x16A6E, 0x16A6F, 0x16AF5, 0x16AF5, 0x16B37, 0x16B38, 0x16B44, 0x16B44, 0x16E98, 0x16E98, 0x1BC9F, 0x1BC9F,
        0x1DA88, 0x1DA88
    };
    /** Symbols that end no sentence. */
    private static final int[] SYMBOLS = {
        0x0, 0x8, 0xB, 0x1F, 0x22, 0x2D, 0x2F, 0x2F, 0x3A, 0x3E, 0x40, 0x40, 0x5B, 0x60, 0x7B, 0x9F, 0xAB, 0xAB, 0xB4,
        0xB4, 0xBB, 0xBB, 0x2013, 0x2014, 0x2019, 0x2019, 0x201C, 0x201E, 0x2026, 0x2026, 0x2236, 0x2236, 0x2501,
        0x2501, 0x25BA, 0x25BA, 0x3001, 0x3001, 0x3008, 0x300D, 0x3010, 0x3011, 0xFF05, 0xFF05, 0xFF08, 0xFF09, 0xFF0C,
        0xFF0C, 0xFF11, 0xFF11, 0xFF1A, 0xFF1B, 0xFF5E, 0xFF5E
    };

    private static final String PUNCT = "…,:;!?¿؟¡()[]{}<>_#*&。？！，、；：～·।،۔؛٪";
    private static final String QUOTES = "'\"”“`‘´’‚,„»«「」『』（）〔〕【】《》〈〉⟦⟧";
    private static final String CURRENCIES = "$£€¥฿₽﷼₴₠₡₢₣₤₥₦₧₨₩₪₫₭₮₯₰₱₲₳₵₶₷₸₹₺₻₼₾₿";

    private static final int[] TABLE = new int[BASIC];

    static {
        Arrays.setAll(TABLE, CharClass::computed);
        mark("\n\r\u000B\f\u001C\u001D\u001E\u0085\u2028\u2029", LINE_END);
        mark(PUNCT, PREFIX | SUFFIX | BEFORE_STOP);
        mark(QUOTES, PREFIX | SUFFIX | QUOTE | BEFORE_STOP);
        mark(CURRENCIES, PREFIX | CURRENCY);
        mark("§%=—–", PREFIX);
        mark("—–", SUFFIX);
        mark("%²-+|", BEFORE_STOP);
        mark(".…+-*^,–—~:<>=/", INFIX);
    }

    private CharClass() {}

    /** Returns the flags of a code point. */
    static int of(int codePoint) {
        return codePoint < BASIC ? TABLE[codePoint] : computed(codePoint);
    }

    static boolean is(int codePoint, int flags) {
        return (of(codePoint) & flags) != 0;
    }

    private static void mark(String characters, int flags) {
        characters.chars().forEach(character -> TABLE[character] |= flags);
    }

    private static int computed(int codePoint) {
        int flags = 0;
        int type = Character.getType(codePoint);
        if (Character.isLetter(codePoint)) {
            flags |= LETTER;
            flags |= type == Character.UPPERCASE_LETTER ? 0 : NOT_UPPER;
            flags |= type == Character.LOWERCASE_LETTER ? 0 : NOT_LOWER;
        }
        if (codePoint >= '0' && codePoint <= '9') {
            flags |= DIGIT;
        }
        if (Text.isSpace(codePoint)) {
            flags |= SPACE;
        }
        switch (type) {
            case Character.CONNECTOR_PUNCTUATION,
                    Character.DASH_PUNCTUATION,
                    Character.START_PUNCTUATION,
                    Character.END_PUNCTUATION,
                    Character.INITIAL_QUOTE_PUNCTUATION,
                    Character.FINAL_QUOTE_PUNCTUATION,
                    Character.OTHER_PUNCTUATION -> flags |= PUNCTUATION;
            case Character.OTHER_SYMBOL -> flags |= ICON | PREFIX | SUFFIX;
            default -> {}
        }
        if (within(SENTENCE_ENDS, codePoint)) {
            flags |= SENTENCE_END | SYMBOL;
        }
        return within(SYMBOLS, codePoint) ? flags | SYMBOL : flags;
    }

    private static boolean within(int[] ranges, int codePoint) {
        int place = Arrays.binarySearch(ranges, codePoint);
        // A code point that is no bound lies in a range if its place is between the range's first and last.
        return place >= 0 || (-place - 1) % 2 == 1;
    }
}
