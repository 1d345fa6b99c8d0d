package io.github.sparkfinetune.data.tokenizer;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Converts text to token ids with Hugging Face's tokenizers library. Ids and truncation are those of
 * {@code tokenizer(text, pair, truncation="longest_first", max_length=…)} of {@code transformers}.
 *
 * <p>It requests only token ids from the native library. DJL's {@code HuggingFaceTokenizer} copies every field of an
 * encoding, including token strings, and is about three times slower. If a tokenizer encodes words one by one
 * ({@link WordSplit}), the ids of earlier words are cached, because most words of a text are repeated. A text is
 * encoded only up to its first {@code max_length} tokens.
 *
 * <p>The caller parallelises with one tokenizer for each thread; the library's own thread pool is never used. Not for
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
        // A tokenizer.json may contain truncation and padding of its model.
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
     * @param pairOrNull second text; null or, as in {@code transformers}, the empty text for none
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
        // The longer text of a pair determines which one keeps the odd token, so both texts are encoded whole.
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
     * Encodes a text as a document of a language model: the ids of {@code tokenizer(text)}, special tokens included.
     *
     * @param enough number of tokens that the caller needs; the result for a longer text is a prefix with more tokens
     *     than that
     */
    public int[] encodeDocument(String text, int enough) {
        int[] ids = ids(text, enough);
        if (single.count() == 0) {
            return ids;
        }
        return assemble(single, ids, ids.length, EMPTY, 0).inputIds();
    }

    /** Encodes a text without adding special tokens; a rendered chat template has its own. */
    public int[] encodePlain(String text) {
        return ids(text, Integer.MAX_VALUE);
    }

    /** Encodes as {@link #encodePlain} does, with the place of each token in the text; slower. */
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
     * Encodes a pair of texts as windows. Each window has the whole first text and as much of the second as fits. The
     * result is that of {@code tokenizer(text, pair, truncation="only_second", max_length=…, stride=…,
     * return_overflowing_tokens=True, return_offsets_mapping=True)} of {@code transformers}.
     *
     * @param second tokens of the second text, from {@link #encodeWithSpans}
     * @param maxLength most tokens of a window, special tokens included
     * @param stride tokens of the second text that neighbouring windows share
     * @return windows in the order of the text; none if the second text must be cut and the first leaves no more room
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
     * Encodes words without special tokens, each by itself, as {@code tokenizer(words, is_split_into_words=True)} of
     * {@code transformers} does.
     */
    public WordTokens encodeWords(List<String> words) {
        return WordTokens.of(
                words.stream().map(word -> ids(word, Integer.MAX_VALUE)).toList());
    }

    /** Adds the special tokens around a text's tokens. */
    public Encoded withSpecialTokens(int[] ids) {
        return assemble(single, ids, ids.length, EMPTY, 0);
    }

    /** Returns the number of special tokens before a text. */
    public int specialTokensBefore() {
        return single.before().length();
    }

    /** Returns the number of special tokens around a text. */
    public int specialTokens() {
        return single.count();
    }

    /** Decodes token ids to text, without special tokens. */
    public String decode(int[] ids) {
        return decode(ids, true);
    }

    /** Decodes token ids to text, special tokens included. */
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

    /** Encodes a text; the result for more than {@code limit} tokens is a prefix with more tokens than that. */
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
