package io.github.sparkfinetune.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.ClusterConfig;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExchangeNetworkTest {
    @ParameterizedTest
    @ValueSource(strings = {"spark.network.crypto.enabled", "spark.authenticate.enableSaslEncryption"})
    void encryptsIfSparkEncrypts(String key) {
        assertThat(ExchangeNetwork.encrypted(new SparkConf(false).set(key, "true")))
                .isTrue();
        assertThat(ExchangeNetwork.encrypted(new SparkConf(false).set(key, "false")))
                .isFalse();
    }

    @Test
    void trustsTlsOfTheRpcOnlyWhereSparkHasIt() {
        SparkConf conf = new SparkConf(false).set("spark.ssl.rpc.enabled", "true");
        assertThat(ExchangeNetwork.encrypted(conf, "3.5.9")).isFalse();
        assertThat(ExchangeNetwork.encrypted(conf, "4.0.0")).isTrue();
        assertThat(ExchangeNetwork.encrypted(conf.set("spark.ssl.rpc.enabled", "false"), "4.0.0"))
                .isFalse();
    }

    @Test
    void doesNotEncryptByDefault() {
        assertThat(ExchangeNetwork.encrypted(new SparkConf(false).set("spark.authenticate", "true")))
                .isFalse();
    }

    @Test
    void listensOnTheConfiguredAddress() {
        SparkConf conf = new SparkConf(false).set("spark.driver.bindAddress", "127.0.0.1");
        ClusterConfig unset = new ClusterConfig(
                2, 0, null, 10, 120, false, ClusterConfig.Shard.NONE, ClusterConfig.CollectiveChoice.AUTO);
        ClusterConfig all = new ClusterConfig(
                2, 0, "0.0.0.0", 10, 120, false, ClusterConfig.Shard.NONE, ClusterConfig.CollectiveChoice.AUTO);

        conf.set("spark.master", "local[2]");
        assertThat(ExchangeNetwork.bindAddress(conf, unset, "nat.example")).isEqualTo("127.0.0.1");
        conf.set("spark.master", "yarn");
        assertThat(ExchangeNetwork.bindAddress(conf, unset, "node.example")).isEqualTo("node.example");
        assertThat(ExchangeNetwork.bindAddress(conf, all, "node.example")).isEqualTo("0.0.0.0");
    }
}
