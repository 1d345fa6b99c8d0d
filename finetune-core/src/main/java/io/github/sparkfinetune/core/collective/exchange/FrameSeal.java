package io.github.sparkfinetune.core.collective.exchange;

/**
 * The two ciphers of one connection, each with its own key.
 *
 * @param outgoing cipher that seals this rank's frames
 * @param incoming cipher that opens the peer's frames
 */
record FrameSeal(FrameCipher outgoing, FrameCipher incoming) {}
