package io.github.sparkfinetune.core.collective.ring;

/**
 * The two ciphers of one connection, a key each.
 *
 * @param outgoing seals what this rank sends
 * @param incoming opens what the peer has sent
 */
record FrameSeal(FrameCipher outgoing, FrameCipher incoming) {}
