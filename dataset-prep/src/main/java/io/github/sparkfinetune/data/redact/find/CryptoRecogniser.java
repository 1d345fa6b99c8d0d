package io.github.sparkfinetune.data.redact.find;

import io.github.sparkfinetune.conf.redact.Entity;
import java.util.List;

/** Finds Bitcoin addresses: words that begin with 1, 3 or bc1 and have a right checksum. */
final class CryptoRecogniser implements Recogniser {
    private static final int SHORTEST = 26;
    private static final int LONGEST = 62;

    @Override
    public void find(ScannedText scanned, List<Span> found) {
        String text = scanned.text();
        for (int word = 0; word < scanned.words(); word++) {
            int start = scanned.start(word);
            int length = scanned.end(word) - start;
            if (length >= SHORTEST
                    && length <= LONGEST
                    && BitcoinAddress.isValid(text.substring(start, scanned.end(word)))) {
                found.add(new Span(start, scanned.end(word), Entity.CRYPTO));
            }
        }
    }
}
