package io.github.sparkfinetune.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RingNetworkTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "spark.network.crypto.enabled",
                "spark.authenticate.enableSaslEncryption",
                "spark.ssl.rpc.enabled"
            })
    void ranksEncryptWhereSparkDoes(String key) {
        assertThat(RingNetwork.encrypted(new SparkConf(false).set(key, "true"))).isTrue();
        assertThat(RingNetwork.encrypted(new SparkConf(false).set(key, "false")))
                .isFalse();
    }

    @Test
    void ranksEncryptNothingUnasked() {
        assertThat(RingNetwork.encrypted(new SparkConf(false).set("spark.authenticate", "true")))
                .isFalse();
    }
}
