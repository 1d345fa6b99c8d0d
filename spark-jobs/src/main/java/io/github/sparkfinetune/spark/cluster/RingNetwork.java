package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.ClusterConfig;
import io.github.sparkfinetune.core.collective.ring.RingEndpoint;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;

/** What Spark's own network settings mean for the connections between the ranks. */
public final class RingNetwork {
    private static final List<String> ENCRYPTING =
            List.of("spark.network.crypto.enabled", "spark.authenticate.enableSaslEncryption", "spark.ssl.rpc.enabled");

    private static final int PORT_RETRIES = 16;

    private RingNetwork() {}

    /** Begins to listen for the rank before this one, on this executor's address. */
    public static RingEndpoint listen(SparkEnv env, ClusterConfig cluster) {
        String host = env.blockManager().blockManagerId().host();
        return RingEndpoint.bind(
                bindAddress(env.conf(), cluster, host),
                host,
                cluster.port(),
                env.conf().getInt("spark.port.maxRetries", PORT_RETRIES));
    }

    /** {@code spark.driver.bindAddress} counts where the driver is the executor, in local mode. */
    static String bindAddress(SparkConf conf, ClusterConfig cluster, String host) {
        if (cluster.bindAddress() != null) {
            return cluster.bindAddress();
        }
        return Master.parse(conf.get("spark.master")).isLocal() ? conf.get("spark.driver.bindAddress", host) : host;
    }

    /**
     * Whether what ranks send each other between machines is encrypted and authenticated: where Spark's RPC is, by
     * {@code spark.network.crypto.enabled}, {@code spark.authenticate.enableSaslEncryption} or, from Spark 4,
     * {@code spark.ssl.rpc.enabled}. The secret that the keys are derived from travels by this RPC.
     */
    public static boolean encrypted(SparkConf conf) {
        return ENCRYPTING.stream().anyMatch(key -> conf.getBoolean(key, false));
    }
}
