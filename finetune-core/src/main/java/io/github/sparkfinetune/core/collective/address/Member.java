package io.github.sparkfinetune.core.collective.address;

import java.util.List;
import java.util.Objects;

/**
 * Identity of a rank among the ranks, and its proof. Ranks of one host should have successive numbers.
 *
 * @param rank this rank, in [0, size)
 * @param addresses {@link RankEndpoint#address()} of every rank, in the order of the ranks; the same on all ranks
 * @param attempt text that distinguishes this exchange from others with the same secret; the same on all ranks
 * @param secret secret of the ranks, at least 16 random bytes
 * @param encrypted whether frames between machines are sealed; the same on all ranks
 */
public record Member(int rank, List<String> addresses, String attempt, byte[] secret, boolean encrypted) {
    private static final int LEAST_SECRET = 16;

    public Member {
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

    /** Returns a text without the secret. */
    @Override
    public String toString() {
        return "rank " + rank + " of " + addresses + ", attempt " + attempt;
    }

    public int size() {
        return addresses.size();
    }

    /** Returns the ranks' hosts, by the hosts of their addresses. */
    public Topology topology() {
        return new Topology(addresses.stream()
                .map(address -> RankAddress.parse(address).host())
                .toList());
    }

    /** Returns whether a rank is a peer that connects to this rank. */
    public boolean isDialledBy(int peer) {
        return peer > rank && topology().peers(rank).contains(peer);
    }

    /** Returns a rank's name for messages: {@code rank 3 (host:port)}. */
    public String name(int of) {
        return "rank " + of + " (" + RankAddress.parse(addresses.get(of)).tcp() + ")";
    }
}
