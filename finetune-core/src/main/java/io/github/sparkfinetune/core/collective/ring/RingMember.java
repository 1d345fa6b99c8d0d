package io.github.sparkfinetune.core.collective.ring;

import java.util.List;
import java.util.Objects;

/**
 * Who a rank is among the ranks, and what it proves that with. Ranks of one host had better have successive numbers.
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

    /** Where the ranks are: those whose addresses have one host are on it. */
    Topology topology() {
        return new Topology(addresses.stream()
                .map(address -> RingAddress.parse(address).host())
                .toList());
    }

    /** Whether a rank is a peer that connects to this one. */
    boolean isDialledBy(int peer) {
        return peer > rank && topology().peers(rank).contains(peer);
    }

    /** {@code rank 3 (host:port)}, for messages. */
    String name(int of) {
        return "rank " + of + " (" + RingAddress.parse(addresses.get(of)).tcp() + ")";
    }
}
