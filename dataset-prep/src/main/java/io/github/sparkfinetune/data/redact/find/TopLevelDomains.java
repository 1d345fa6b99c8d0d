package io.github.sparkfinetune.data.redact.find;

import org.apache.commons.validator.routines.DomainValidator;

/** Top-level domains of IANA's list. */
final class TopLevelDomains {
    private static final DomainValidator DOMAINS = DomainValidator.getInstance();

    private TopLevelDomains() {}

    static boolean isKnown(String label) {
        return DOMAINS.isValidTld(label);
    }

    /**
     * Returns the end of the longest host of two labels or more that ends with a top-level domain, or -1.
     *
     * @param from start of a host
     * @param to end of its labels, which points separate
     */
    static int end(String text, int from, int to) {
        int end = to;
        while (end > from) {
            int point = text.lastIndexOf('.', end - 1);
            if (point <= from) {
                return -1;
            }
            if (isKnown(text.substring(point + 1, end))) {
                return end;
            }
            end = point;
        }
        return -1;
    }
}
