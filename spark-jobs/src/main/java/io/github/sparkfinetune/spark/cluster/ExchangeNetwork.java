package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.ClusterConfig;
import io.github.sparkfinetune.core.collective.address.RankEndpoint;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;

/** Connections between the ranks under Spark's network settings. */
public final class ExchangeNetwork {
    private static final List<String> ENCRYPTING =
            List.of("spark.network.crypto.enabled", "spark.authenticate.enableSaslEncryption");
    /** Spark 3.5 ignores this setting. */
    private static final String FROM_SPARK_4 = "spark.ssl.rpc.enabled";

    private static final int PORT_RETRIES = 16;

    private ExchangeNetwork() {}

    /** Listens on this executor's address for the previous rank. */
    public static RankEndpoint listen(SparkEnv env, ClusterConfig cluster) {
        String host = env.blockManager().blockManagerId().host();
        return RankEndpoint.bind(
                bindAddress(env.conf(), cluster, host),
                host,
                cluster.port(),
                env.conf().getInt("spark.port.maxRetries", PORT_RETRIES));
    }

    /**
     * Returns the address to listen on. {@code spark.driver.bindAddress} applies in local mode, where the driver is the
     * executor.
     */
    static String bindAddress(SparkConf conf, ClusterConfig cluster, String host) {
        if (cluster.bindAddress() != null) {
            return cluster.bindAddress();
        }
        return Master.parse(conf.get("spark.master")).isLocal() ? conf.get("spark.driver.bindAddress", host) : host;
    }

    /**
     * Returns whether traffic of the ranks between machines is encrypted and authenticated. This holds if Spark's RPC
     * is encrypted by {@code spark.network.crypto.enabled}, {@code spark.authenticate.enableSaslEncryption} or, from
     * Spark 4, {@code spark.ssl.rpc.enabled}. The secret of the ranks' keys travels over this RPC.
     */
    public static boolean encrypted(SparkConf conf) {
        return encrypted(conf, SparkVersions.spark());
    }

    /** @param spark version of Spark */
    static boolean encrypted(SparkConf conf, String spark) {
        return ENCRYPTING.stream().anyMatch(key -> conf.getBoolean(key, false))
                || (!spark.startsWith("3.") && conf.getBoolean(FROM_SPARK_4, false));
    }
}
