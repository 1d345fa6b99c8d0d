package io.github.sparkfinetune.core.collective.address;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Assignment of ranks. Ranks of one host get successive numbers, and hosts with many ranks precede hosts with few. Sums
 * are taken over successive ranks, so they are added up within a host before they are sent to another. A rank's
 * computation and its position in a sum depend on its number only, so the assignment does not affect the result.
 */
public final class RankOrder {
    private RankOrder() {}

    /**
     * Returns the order of the ranks.
     *
     * @param addresses {@link RankEndpoint#address()} of each participant, in the same order for all
     * @return by rank, the index of the address; the same for all
     */
    public static List<Integer> byHost(List<String> addresses) {
        List<String> hosts = addresses.stream()
                .map(address -> RankAddress.parse(address).host())
                .toList();
        Map<String, Integer> counts = new HashMap<>();
        hosts.forEach(host -> counts.merge(host, 1, Integer::sum));
        return IntStream.range(0, hosts.size())
                .boxed()
                .sorted(Comparator.<Integer>comparingInt(index -> -counts.get(hosts.get(index)))
                        .thenComparing(hosts::get)
                        .thenComparing(Comparator.naturalOrder()))
                .toList();
    }
}
