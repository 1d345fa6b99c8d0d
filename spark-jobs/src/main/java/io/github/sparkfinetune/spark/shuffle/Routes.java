package io.github.sparkfinetune.spark.shuffle;

import org.apache.spark.unsafe.hash.Murmur3_x86_32;

/**
 * Numbers that Spark SQL sends to given partitions. {@code Dataset.repartition} hashes the values of its columns by
 * Murmur3 with the seed 42 and divides by the number of partitions. It has no call for the number of a partition.
 */
final class Routes {
    private static final int SEED = 42;

    private Routes() {}

    /** Returns for each partition a number of type int that goes there. */
    static int[] of(int partitions) {
        int[] routes = new int[partitions];
        boolean[] found = new boolean[partitions];
        int left = partitions;
        for (int number = 0; left > 0; number++) {
            int partition = Math.floorMod(Murmur3_x86_32.hashInt(number, SEED), partitions);
            if (!found[partition]) {
                found[partition] = true;
                routes[partition] = number;
                left--;
            }
        }
        return routes;
    }
}
