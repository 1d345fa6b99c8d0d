package io.github.sparkfinetune.data.redact.find;

import io.github.sparkfinetune.conf.redact.Entity;
import java.util.List;

/**
 * Finds e-mail addresses in letters of all scripts. The host ends with the last label that is a top-level domain, so
 * that a sentence may follow without a space; if no label is one, the host has all labels.
 */
final class EmailRecogniser implements Recogniser {
    @Override
    public void find(ScannedText scanned, List<Span> found) {
        String text = scanned.text();
        int free = 0;
        for (int at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
            int start = EmailAddresses.INTERNATIONAL.start(text, free, at);
            int end = start < 0 ? -1 : EmailAddresses.INTERNATIONAL.end(text, at + 1);
            if (end > 0) {
                int known = TopLevelDomains.end(text, at + 1, end);
                free = known > 0 ? known : end;
                found.add(new Span(start, free, Entity.EMAIL_ADDRESS));
                at = free - 1;
            }
        }
    }
}
