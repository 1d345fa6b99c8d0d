package io.github.sparkfinetune.data.redact;

import java.io.Serializable;

/**
 * Keyed hash of a subject, see {@link SubjectKey}.
 *
 * @param first first 8 bytes
 * @param second last 8 bytes
 */
public record SubjectHash(long first, long second) implements Serializable {}
