package io.github.sparkfinetune.core.collective.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.collective.address.Topology;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ranks on several hosts, here loopback addresses of this machine: sums do not depend on the placement of ranks. */
@Timeout(600)
class PlacementTest {
    /** Sums with one letter for each rank; the letter names the rank's host. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "aa",
                "ab",
                "aaa",
                "aab",
                "abb",
                "aba",
                "abc",
                "aaabb",
                "abcde",
                "aaaaaaaa",
                "aabbccdd",
                "aaaabbbb",
                "aaabbbcc",
                "abababab",
                "abcdefgh",
                "aaaaaaab",
                "abbcccdd"
            })
    void sumsToTheSameBitsForEveryPlacement(String placement) throws Exception {
        int size = placement.length();
        List<Integer> lengths = List.of(0, 1, 7, 1000, 300_000, (ExchangeOperation.CHUNK / Float.BYTES + 9) * size + 5);
        try (Ranks ranks = Ranks.joinOn(hosts(placement))) {
            for (int length : lengths) {
                float[] expected = pairwise(0, size, length);
                List<float[]> sums = ranks.play(exchange -> {
                    ByteBuffer floats = Ranks.floats(values(exchange.rank(), length));
                    exchange.allReduceAsync(floats).get();
                    return Ranks.values(floats);
                });
                for (float[] sum : sums) {
                    assertThat(Arrays.equals(sum, expected))
                            .as("%d floats on %s", length, placement)
                            .isTrue();
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ab", "aab", "aabbccdd", "abcdefgh", "aaabbbcc"})
    void gathersTheBlocksOfAllRanks(String placement) throws Exception {
        List<String> texts = IntStream.range(0, placement.length())
                .mapToObj(rank -> rank % 3 == 1 ? "" : ("rank " + rank).repeat(1 + rank % 2 * 50_000))
                .toList();
        try (Ranks ranks = Ranks.joinOn(hosts(placement))) {
            List<List<String>> all = ranks.play(exchange -> {
                double[] sum = {exchange.rank() + 1};
                exchange.allReduce(sum);
                assertThat(sum[0]).isEqualTo(placement.length() * (placement.length() + 1) / 2.0);
                byte[][] blocks = exchange.allGather(texts.get(exchange.rank()).getBytes(StandardCharsets.US_ASCII));
                return Arrays.stream(blocks)
                        .map(block -> new String(block, StandardCharsets.US_ASCII))
                        .toList();
            });
            assertThat(all).containsOnly(texts);
        }
    }

    /** Gathers shares of several buffers. Some are empty, some longer than a chunk; rank 1 has no buffers. */
    @ParameterizedTest
    @ValueSource(strings = {"aa", "ab", "aaa", "aab", "aabbccdd", "abcde", "aaabbbcc"})
    void gathersTheSharesOfAllRanks(String placement) throws Exception {
        int size = placement.length();
        int[] lengths = {5, 0, ExchangeOperation.CHUNK / Float.BYTES, 3 * ExchangeOperation.CHUNK / Float.BYTES + 7};
        try (Ranks ranks = Ranks.joinOn(hosts(placement))) {
            List<List<List<float[]>>> all = ranks.play(exchange -> {
                List<List<ByteBuffer>> shares = IntStream.range(0, size)
                        .mapToObj(rank -> Arrays.stream(rank == 1 ? new int[0] : lengths)
                                .mapToObj(length -> Ranks.floats(
                                        rank == exchange.rank()
                                                ? values(rank, length + rank)
                                                : new float[length + rank]))
                                .toList())
                        .toList();
                exchange.allGatherInto(shares);
                return shares.stream()
                        .map(share -> share.stream().map(Ranks::values).toList())
                        .toList();
            });
            for (List<List<float[]>> shares : all) {
                for (int rank = 0; rank < size; rank++) {
                    assertThat(shares.get(rank)).hasSize(rank == 1 ? 0 : lengths.length);
                    for (int i = 0; i < shares.get(rank).size(); i++) {
                        assertThat(Arrays.equals(shares.get(rank).get(i), values(rank, lengths[i] + rank)))
                                .as("buffer %d of rank %d on %s", i, rank, placement)
                                .isTrue();
                    }
                }
            }
        }
    }

    /** Sums shares of several buffers; each rank's share has the bits of an all-reduce. */
    @ParameterizedTest
    @ValueSource(strings = {"aa", "ab", "aaa", "aab", "aabbccdd", "abcde", "aaabbbcc"})
    void scattersTheSumsToTheirRanks(String placement) throws Exception {
        int size = placement.length();
        int[] lengths = {5, 0, ExchangeOperation.CHUNK / Float.BYTES, 3 * ExchangeOperation.CHUNK / Float.BYTES + 7};
        try (Ranks ranks = Ranks.joinOn(hosts(placement))) {
            List<List<float[]>> all = ranks.play(exchange -> {
                List<List<ByteBuffer>> shares = new ArrayList<>();
                List<ByteBuffer> whole = new ArrayList<>();
                for (int rank = 0; rank < size; rank++) {
                    List<ByteBuffer> share = new ArrayList<>();
                    for (int length : rank == 1 ? new int[0] : lengths) {
                        float[] own = values(exchange.rank() * size + rank, length + rank);
                        share.add(Ranks.floats(own));
                        whole.add(Ranks.floats(own));
                    }
                    shares.add(share);
                }
                exchange.reduceScatterAsync(shares).get();
                for (ByteBuffer buffer : whole) {
                    exchange.allReduceAsync(buffer).get();
                }
                int before = IntStream.range(0, exchange.rank())
                        .map(rank -> shares.get(rank).size())
                        .sum();
                return IntStream.range(0, shares.get(exchange.rank()).size())
                        .boxed()
                        .flatMap(i -> Stream.of(
                                Ranks.values(shares.get(exchange.rank()).get(i)), Ranks.values(whole.get(before + i))))
                        .toList();
            });
            for (int rank = 0; rank < size; rank++) {
                List<float[]> pairs = all.get(rank);
                assertThat(pairs).hasSize(rank == 1 ? 0 : 2 * lengths.length);
                for (int i = 0; i < pairs.size(); i += 2) {
                    assertThat(Arrays.equals(pairs.get(i), pairs.get(i + 1)))
                            .as("buffer %d of rank %d on %s", i / 2, rank, placement)
                            .isTrue();
                }
            }
        }
    }

    @Test
    void connectsEachHostOnceForABlock() {
        Topology topology = new Topology(hosts("aabbccdd"));
        assertThat(topology.peers(0)).containsExactly(1, 2, 4, 6);
        assertThat(topology.peers(5)).containsExactly(1, 3, 4, 7);
        // With 64 ranks on 8 hosts a rank talks to 7 ranks of its host and to one rank of each other host.
        List<String> many =
                IntStream.range(0, 64).mapToObj(rank -> "host" + rank / 8).toList();
        assertThat(new Topology(many).peers(9)).hasSize(14);
        for (String uneven : List.of("aaabbbcc", "abbcccdd", "abab")) {
            Topology some = new Topology(hosts(uneven));
            for (int rank = 0; rank < uneven.length(); rank++) {
                for (int peer : some.peers(rank)) {
                    assertThat(some.peers(peer)).contains(rank);
                }
            }
        }
    }

    @Test
    void sendsOneSumFromAHostWithAPowerOfTwoOfRanks() {
        SumTree eight = new SumTree(8);
        assertThat(eight.cover(List.of(4, 5, 6, 7))).hasSize(1);
        assertThat(eight.cover(List.of(0, 1, 2))).hasSize(2);
        assertThat(eight.cover(List.of(0, 1, 2, 3, 4, 5, 6, 7))).containsExactly(eight.root());
        assertThat(new SumTree(6).cover(List.of(4, 5))).hasSize(1);
        assertThat(new SumTree(1).root()).isZero();
    }

    private static List<String> hosts(String placement) {
        return placement
                .chars()
                .mapToObj(letter -> "127.0.1." + (letter - 'a' + 1))
                .toList();
    }

    private static float[] pairwise(int first, int end, int length) {
        if (end - first == 1) {
            return values(first, length);
        }
        int half = 1;
        while (2 * half < end - first) {
            half *= 2;
        }
        float[] left = pairwise(first, first + half, length);
        float[] right = pairwise(first + half, end, length);
        for (int i = 0; i < length; i++) {
            left[i] += right[i];
        }
        return left;
    }

    private static float[] values(int rank, int length) {
        Random random = new Random(rank);
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (random.nextFloat() - 0.5f) * (1 << random.nextInt(20));
        }
        return values;
    }
}
