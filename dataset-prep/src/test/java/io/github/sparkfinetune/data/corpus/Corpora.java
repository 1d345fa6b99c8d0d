package io.github.sparkfinetune.data.corpus;

import io.github.sparkfinetune.conf.CorpusConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import java.util.Arrays;
import java.util.List;

/** Configurations for tests, and texts of so many words and characters. */
final class Corpora {
    private static final String RUN = "{model: m, task: causal-lm, data: {train: t}, output: {dir: o}}";

    private Corpora() {}

    /** The defaults, but for {@code key=value} below {@code data.corpus}. */
    static CorpusConfig config(String... settings) {
        List<String> overrides =
                Arrays.stream(settings).map("data.corpus."::concat).toList();
        return RunConfigLoader.parse(RUN, "test.yaml", overrides).data().corpus();
    }

    static String verdict(DocumentFilter filter, String text) {
        DocumentText document = new DocumentText();
        document.set(text);
        return filter.rejects(document);
    }

    /** A piece so many times, with blanks between. */
    static String times(int count, String piece) {
        return (piece + " ").repeat(count).strip();
    }

    /** So many lines. */
    static String lines(int count, String line) {
        return (line + "\n").repeat(count);
    }

    /** So many different words of four characters, with blanks between. */
    static String different(int count) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(i == 0 ? "" : " ");
            for (int rest = i + 26 * 26 * 26, letter = 0; letter < 4; letter++, rest /= 26) {
                text.append((char) ('a' + rest % 26));
            }
        }
        return text.toString();
    }
}
