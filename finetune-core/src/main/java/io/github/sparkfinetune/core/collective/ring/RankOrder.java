package io.github.sparkfinetune.core.collective.ring;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Who becomes which rank. Ranks of one host get successive numbers, hosts of many ranks before those of few: so their
 * sums, which are taken over successive ranks, are added up within a host before they travel. What a rank computes and
 * where it comes in a sum follow from its number alone; so it doesn't matter for the result who gets it.
 */
public final class RankOrder {
    private RankOrder() {}

    /**
     * The order of the ranks.
     *
     * @param addresses {@link RingEndpoint#address()} of each that takes part, in an order that all agree on
     * @return by rank, the index of the address; the same for all
     */
    public static List<Integer> byHost(List<String> addresses) {
        List<String> hosts = addresses.stream()
                .map(address -> RingAddress.parse(address).host())
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
