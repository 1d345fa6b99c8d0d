package io.github.sparkfinetune.data.tokenizer;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Text to token ids by Hugging Face's own tokenizers library, with the ids and truncation that {@code tokenizer(text,
 * pair, truncation="longest_first", max_length=…)} of {@code transformers} gives.
 *
 * <p>It asks the native library for token ids alone: DJL's {@code HuggingFaceTokenizer} copies every field of an
 * encoding, token strings included, and is about three times slower. Where a tokenizer takes words one by one
 * ({@link WordSplit}), the ids of the words met before are remembered, since most words of a text are; and a text is
 * read no further than its first {@code max_length} tokens.
 *
 * <p>Parallelism is the caller's, one tokenizer a thread: the library's own thread pool is never entered. Not for
 * concurrent use.
 */
public final class TextTokenizer implements AutoCloseable {
    private static final int[] EMPTY = {};
    private static final int LONGEST_WORD = 32;
    private static final int CACHED_WORDS = 1 << 17;

    private final long handle;
    private final boolean distinguishesTexts;
    private final SpecialTokens single;
    private final SpecialTokens pair;
    private final WordSplit words;
    private final Map<String, int[]> cache = new HashMap<>();
    private int[] buffer = new int[1024];
    private boolean closed;

    private TextTokenizer(long handle, TokenizerFiles files) {
        this.handle = handle;
        this.distinguishesTexts = files.distinguishesTexts();
        // A tokenizer.json may carry its model's own truncation and padding.
        TokenizersLibrary.LIB.disableTruncation(handle);
        TokenizersLibrary.LIB.disablePadding(handle);
        this.single = SpecialTokens.ofSingle(handle);
        this.pair = SpecialTokens.ofPair(handle);
        this.words = WordSplit.of(files.texts().json());
    }

    /**
     * Loads a tokenizer.
     *
     * @throws RunException if the library refuses the file
     */
    public static TextTokenizer open(TokenizerFiles files) {
        Offline.ensure();
        LibUtils.checkStatus();
        long handle;
        try {
            handle = TokenizersLibrary.LIB.createTokenizerFromString(
                    files.texts().json());
        } catch (RuntimeException e) {
            throw RunException.data(
                    "tokenizer.json cannot be loaded (" + e.getMessage()
                            + "): save it again with tokenizer.save_pretrained",
                    e);
        }
        try {
            return new TextTokenizer(handle, files);
        } catch (RuntimeException e) {
            TokenizersLibrary.LIB.deleteTokenizer(handle);
            throw e;
        }
    }

    /**
     * Encodes a text, or a pair of texts.
     *
     * @param pairOrNull the second text; null or, as in {@code transformers}, the empty text for none
     * @param maxLength most tokens, special tokens included; of a pair the longer text is cut first
     */
    public Encoded encode(String text, String pairOrNull, int maxLength) {
        boolean hasPair = pairOrNull != null && !pairOrNull.isEmpty();
        SpecialTokens special = hasPair ? pair : single;
        int room = maxLength - special.count();
        if (room < 0) {
            throw new IllegalArgumentException(
                    "max_length " + maxLength + " has no room for " + special.count() + " special tokens");
        }
        if (!hasPair) {
            int[] ids = ids(text, room);
            return assemble(special, ids, Math.min(ids.length, room), EMPTY, 0);
        }
        // Which text is the longer one decides who keeps the odd token, so a pair's texts are always encoded whole.
        int[] first = ids(text, Integer.MAX_VALUE);
        int[] second = ids(pairOrNull, Integer.MAX_VALUE);
        int shorter = Math.min(first.length, second.length);
        int longer = Math.min(Math.max(first.length, second.length), Math.max(shorter, room - shorter));
        if (shorter + longer > room) {
            shorter = room / 2;
            longer = room - shorter;
        }
        boolean firstIsLonger = first.length > second.length;
        return assemble(special, first, firstIsLonger ? longer : shorter, second, firstIsLonger ? shorter : longer);
    }

    /**
     * A text as a document of a language model: the ids of {@code tokenizer(text)}, special tokens included.
     *
     * @param enough how many tokens the caller has a use for: of a text with more the result is a prefix that is longer
     *     than that
     */
    public int[] encodeDocument(String text, int enough) {
        int[] ids = ids(text, enough);
        if (single.count() == 0) {
            return ids;
        }
        return assemble(single, ids, ids.length, EMPTY, 0).inputIds();
    }

    /** The ids of a text without special tokens around it, as of a rendered chat template, which has its own. */
    public int[] encodePlain(String text) {
        return ids(text, Integer.MAX_VALUE);
    }

    /** Like {@link #encodePlain}, with the place of each token in the text; slower. */
    public TokenSpans encodeWithSpans(String text) {
        long encoding = TokenizersLibrary.LIB.encode(handle, text, false);
        try {
            return TokenSpans.of(
                    text,
                    TokenizersLibrary.LIB.getTokenIds(encoding),
                    TokenizersLibrary.LIB.getTokenCharSpans(encoding));
        } finally {
            TokenizersLibrary.LIB.deleteEncoding(encoding);
        }
    }

    /**
     * A pair of texts as windows, each of which has the whole first text and as much of the second as it has room for:
     * what {@code tokenizer(text, pair, truncation="only_second", max_length=…, stride=…,
     * return_overflowing_tokens=True, return_offsets_mapping=True)} of {@code transformers} gives.
     *
     * @param second the second text's tokens, of {@link #encodeWithSpans}
     * @param maxLength most tokens of a window, special tokens included
     * @param stride tokens of the second text that neighbouring windows have in common
     * @return in the order of the text; none where the second text has to be cut, and the first leaves no more room
     *     than {@code stride}
     */
    public List<TextWindow> encodeWindows(String text, TokenSpans second, int maxLength, int stride) {
        int[] first = ids(text, Integer.MAX_VALUE);
        int room = maxLength - pair.count() - first.length;
        int tokens = second.inputIds().length;
        if (tokens <= room) {
            return List.of(window(first, second, 0, tokens));
        }
        if (room <= stride) {
            return List.of();
        }
        TokenWindows windows = new TokenWindows(tokens, room, stride);
        return IntStream.range(0, windows.count())
                .mapToObj(i -> window(first, second, windows.start(i), windows.end(i)))
                .toList();
    }

    private TextWindow window(int[] first, TokenSpans second, int from, int to) {
        int[] kept = Arrays.copyOfRange(second.inputIds(), from, to);
        Encoded encoded = assemble(pair, first, first.length, kept, kept.length);
        int[] offsets = new int[2 * encoded.inputIds().length];
        Arrays.fill(offsets, -1);
        int at = 2 * (pair.before().length() + first.length + pair.between().length());
        for (int token = from; token < to; token++) {
            offsets[at++] = second.starts()[token];
            offsets[at++] = second.ends()[token];
        }
        return new TextWindow(encoded.inputIds(), encoded.tokenTypeIds(), offsets);
    }

    /**
     * The tokens of words, without special tokens, as {@code tokenizer(words, is_split_into_words=True)} of
     * {@code transformers} gives them: each word is encoded by itself.
     */
    public WordTokens encodeWords(List<String> words) {
        return WordTokens.of(
                words.stream().map(word -> ids(word, Integer.MAX_VALUE)).toList());
    }

    /** A text's tokens with the special ones around them. */
    public Encoded withSpecialTokens(int[] ids) {
        return assemble(single, ids, ids.length, EMPTY, 0);
    }

    /** How many special tokens come before those of a text. */
    public int specialTokensBefore() {
        return single.before().length();
    }

    /** How many special tokens a text has around it. */
    public int specialTokens() {
        return single.count();
    }

    /** The text of token ids, special tokens left out. */
    public String decode(int[] ids) {
        return decode(ids, true);
    }

    /** The text of token ids, special tokens included. */
    public String decodeWhole(int[] ids) {
        return decode(ids, false);
    }

    private String decode(int[] ids, boolean skipSpecial) {
        return TokenizersLibrary.LIB.decode(
                handle, Arrays.stream(ids).asLongStream().toArray(), skipSpecial);
    }

    private Encoded assemble(SpecialTokens special, int[] first, int firstKept, int[] second, int secondKept) {
        int length = special.count() + firstKept + secondKept;
        int[] inputIds = new int[length];
        int[] types = new int[length];
        int at = copy(special.before(), inputIds, types, 0);
        System.arraycopy(first, 0, inputIds, at, firstKept);
        Arrays.fill(types, at, at + firstKept, special.firstType());
        at = copy(special.between(), inputIds, types, at + firstKept);
        System.arraycopy(second, 0, inputIds, at, secondKept);
        Arrays.fill(types, at, at + secondKept, special.secondType());
        copy(special.after(), inputIds, types, at + secondKept);
        if (!distinguishesTexts) {
            Arrays.fill(types, 0);
        }
        return new Encoded(inputIds, types, firstKept < first.length || secondKept < second.length);
    }

    private static int copy(SpecialTokens.Part part, int[] inputIds, int[] types, int at) {
        System.arraycopy(part.ids(), 0, inputIds, at, part.length());
        System.arraycopy(part.types(), 0, types, at, part.length());
        return at + part.length();
    }

    /** Ids of a text; of one with more than {@code limit} a prefix that is longer than that. */
    private int[] ids(String text, int limit) {
        int size = 0;
        for (int start = 0; start < text.length() && size <= limit; ) {
            int end = words.end(text, start);
            int[] ids = end - start > LONGEST_WORD
                    ? nativeIds(text.substring(start, end))
                    : word(text.substring(start, end));
            if (size + ids.length > buffer.length) {
                buffer = Arrays.copyOf(buffer, Math.max(2 * buffer.length, size + ids.length));
            }
            System.arraycopy(ids, 0, buffer, size, ids.length);
            size += ids.length;
            start = end;
        }
        return Arrays.copyOf(buffer, size);
    }

    private int[] word(String word) {
        int[] known = cache.get(word);
        if (known == null) {
            known = nativeIds(word);
            if (cache.size() == CACHED_WORDS) {
                cache.clear();
            }
            cache.put(word, known);
        }
        return known;
    }

    private int[] nativeIds(String text) {
        long encoding = TokenizersLibrary.LIB.encode(handle, text, false);
        try {
            long[] wide = TokenizersLibrary.LIB.getTokenIds(encoding);
            int[] ids = new int[wide.length];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = (int) wide[i];
            }
            return ids;
        } finally {
            TokenizersLibrary.LIB.deleteEncoding(encoding);
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            TokenizersLibrary.LIB.deleteTokenizer(handle);
        }
    }
}
