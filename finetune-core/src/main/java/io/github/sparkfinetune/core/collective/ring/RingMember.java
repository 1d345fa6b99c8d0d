package io.github.sparkfinetune.core.collective.ring;

import java.util.List;
import java.util.Objects;

/**
 * Who a rank is in a ring, and what it proves that with.
 *
 * @param rank in [0, size)
 * @param addresses {@link RingEndpoint#address()} of every rank, in their order; the same on all
 * @param attempt tells this ring from every other that knows the same secret; the same on all ranks
 * @param secret what only the ranks know, at least 16 random bytes
 * @param encrypted whether frames are sealed between machines; the same on all ranks
 */
public record RingMember(int rank, List<String> addresses, String attempt, byte[] secret, boolean encrypted) {
    private static final int LEAST_SECRET = 16;

    public RingMember {
        addresses = List.copyOf(addresses);
        Objects.requireNonNull(attempt, "attempt");
        if (rank < 0 || rank >= addresses.size()) {
            throw new IllegalArgumentException("rank " + rank + " of " + addresses.size());
        }
        if (secret.length < LEAST_SECRET) {
            throw new IllegalArgumentException("a secret of " + secret.length + " bytes: at least " + LEAST_SECRET);
        }
        secret = secret.clone();
    }

    /** Without the secret. */
    @Override
    public String toString() {
        return "rank " + rank + " of " + addresses + ", attempt " + attempt;
    }

    int size() {
        return addresses.size();
    }

    int next() {
        return (rank + 1) % size();
    }

    int previous() {
        return (rank + size() - 1) % size();
    }

    /** {@code rank 3 (host:port)}, for messages. */
    String name(int of) {
        return "rank " + of + " (" + RingAddress.parse(addresses.get(of)).tcp() + ")";
    }
}
