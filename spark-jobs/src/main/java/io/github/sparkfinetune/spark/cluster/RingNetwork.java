package io.github.sparkfinetune.spark.cluster;

import java.util.List;
import org.apache.spark.SparkConf;

/** What Spark's own network settings mean for the connections between the ranks. */
public final class RingNetwork {
    private static final List<String> ENCRYPTING =
            List.of("spark.network.crypto.enabled", "spark.authenticate.enableSaslEncryption", "spark.ssl.rpc.enabled");

    private RingNetwork() {}

    /**
     * Whether what ranks send each other between machines is encrypted and authenticated: where Spark's RPC is, by
     * {@code spark.network.crypto.enabled}, {@code spark.authenticate.enableSaslEncryption} or, from Spark 4,
     * {@code spark.ssl.rpc.enabled}. The secret that the keys are derived from travels by this RPC.
     */
    public static boolean encrypted(SparkConf conf) {
        return ENCRYPTING.stream().anyMatch(key -> conf.getBoolean(key, false));
    }
}
