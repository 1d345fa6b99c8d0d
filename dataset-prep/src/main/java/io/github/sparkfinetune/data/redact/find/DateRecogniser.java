package io.github.sparkfinetune.data.redact.find;

import io.github.sparkfinetune.conf.redact.Entity;
import java.util.List;

/** Finds dates: in numbers, and with the English name of a month. */
final class DateRecogniser implements Recogniser {
    @Override
    public void find(ScannedText scanned, List<Span> found) {
        int free = 0;
        for (int word = 0; word < scanned.words(); word++) {
            int start = scanned.start(word);
            WrittenDate date = start < free ? null : WrittenDate.at(scanned.text(), start);
            if (date != null && date.start() >= free) {
                free = date.end();
                found.add(new Span(date.start(), free, Entity.DATE_TIME));
            }
        }
    }
}
