package io.github.sparkfinetune.extra.lineage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LineageSettingsTest {
    private static final String RUN = "01941f29-7c00-7087-8940-40e512e257bd";

    private static LineageSettings of(Map<String, String> environment, Map<String, String> spark) {
        return LineageSettings.of(environment, spark);
    }

    @Test
    void hasNoTransportUnlessOneIsSet() {
        assertThat(of(Map.of(), Map.of("spark.openlineage.namespace", "n")).transport())
                .isEmpty();
        assertThat(Transport.of(Map.of())).isEmpty();
    }

    @Test
    void readsTheVariablesOfTheClients() {
        LineageSettings settings = of(
                Map.of(
                        "OPENLINEAGE_URL", "http://marquez:5000",
                        "OPENLINEAGE_ENDPOINT", "api/v2/lineage",
                        "OPENLINEAGE_API_KEY", "secret",
                        "OPENLINEAGE_NAMESPACE", "team"),
                Map.of());
        assertThat(settings.transport())
                .containsOnly(
                        Map.entry("type", "http"),
                        Map.entry("url", "http://marquez:5000"),
                        Map.entry("endpoint", "api/v2/lineage"),
                        Map.entry("auth.apiKey", "secret"));
        assertThat(settings.namespace()).isEqualTo("team");
        assertThat(settings.toString()).doesNotContain("secret");
    }

    @Test
    void settingsOfSparkComeBeforeVariables() {
        LineageSettings settings = of(
                Map.of("OPENLINEAGE_URL", "http://other:5000", "OPENLINEAGE_NAMESPACE", "other"),
                Map.of(
                        "spark.openlineage.transport.type", "file",
                        "spark.openlineage.transport.location", "/tmp/events.jsonl",
                        "spark.openlineage.namespace", "team",
                        "spark.openlineage.appName", "mails"));
        assertThat(settings.transport()).containsOnlyKeys("type", "location");
        assertThat(settings.namespace()).isEqualTo("team");
        assertThat(settings.appName()).isEqualTo("mails");
    }

    @Test
    void readsDynamicVariables() {
        Map<String, String> environment = Map.of(
                "OPENLINEAGE__TRANSPORT__TYPE", "composite",
                "OPENLINEAGE__TRANSPORT__TRANSPORTS__FIRST__TYPE", "http",
                "OPENLINEAGE__TRANSPORT__TRANSPORTS__FIRST__URL", "http://marquez:5000",
                "OPENLINEAGE__TRANSPORT__TRANSPORTS__FIRST__AUTH__API_KEY", "secret",
                "OPENLINEAGE__TRANSPORT__TRANSPORTS__SECOND__TYPE", "console");
        Map<String, String> transport = of(environment, Map.of()).transport();
        assertThat(transport).containsEntry("transports.first.auth.apiKey", "secret");
        assertThat(Transport.of(transport)).hasExactlyElementsOfTypes(HttpTransport.class, Transport.Console.class);

        assertThat(of(Map.of("OPENLINEAGE__TRANSPORT", "{\"type\":\"file\",\"location\":\"/x\"}"), Map.of())
                        .transport())
                .containsOnly(Map.entry("type", "file"), Map.entry("location", "/x"));
    }

    @Test
    void isOffIfDisabled() {
        Map<String, String> spark = Map.of("spark.openlineage.transport.url", "http://marquez:5000");
        assertThat(of(Map.of("OPENLINEAGE_DISABLED", "True"), spark).transport())
                .isEmpty();
        assertThat(of(Map.of(), Map.of("spark.openlineage.disabled", "true")).transport())
                .isEmpty();
    }

    @Test
    void readsTheParentOfSparkOrOfTheEnvironment() {
        Map<String, String> environment = Map.of(
                "OPENLINEAGE_PARENT_ID", "s3://team/x/mails.train/" + RUN,
                "OPENLINEAGE_ROOT_PARENT_ID", "airflow/mails/" + RUN.replace("bd", "be"));
        LineageSettings.Parent parent = of(environment, Map.of()).parent();
        assertThat(parent.task())
                .isEqualTo(new LineageSettings.Scheduled("s3://team/x", "mails.train", UUID.fromString(RUN)));
        assertThat(parent.root().name()).isEqualTo("mails");

        LineageSettings.Parent ofSpark = of(
                        Map.of(),
                        Map.of(
                                "spark.openlineage.parentJobNamespace", "airflow",
                                "spark.openlineage.parentJobName", "mails.train",
                                "spark.openlineage.parentRunId", RUN))
                .parent();
        assertThat(ofSpark.task().namespace()).isEqualTo("airflow");
        assertThat(ofSpark.root()).isEqualTo(ofSpark.task());

        assertThatThrownBy(() -> of(Map.of("OPENLINEAGE_PARENT_ID", "airflow/mails/7"), Map.of()))
                .hasMessage("OPENLINEAGE_PARENT_ID has a run id that is not a UUID: '7'");
        assertThatThrownBy(() -> of(Map.of("OPENLINEAGE_PARENT_ID", "mails"), Map.of()))
                .hasMessage("OPENLINEAGE_PARENT_ID is not NAMESPACE/JOB/RUN_ID: 'mails'");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            type=kafka                          | OpenLineage's transport 'kafka' is not supported
            type=file                           | OpenLineage's transport file has no location
            topic=x                             | OpenLineage's transport has no type and no url
            type=http;url=u:secret@host         | OpenLineage's url must begin with https:// or http://
            type=http;url=http://u:secret@ h    | OpenLineage's url is not a URL
            type=http;url=http://h;auth.type=jwt | OpenLineage's auth.type 'jwt' is not supported
            type=http;url=http://h;sslContext.keyStorePath=x | OpenLineage's sslContext is not supported
            type=http;url=http://h;timeoutInMillis=long | OpenLineage's timeoutInMillis is not a number
            """)
    void refusesWhatItCannotDo(String settings, String message) {
        Map<String, String> transport = new TreeMap<>();
        for (String setting : settings.split(";", -1)) {
            transport.put(setting.split("=", 2)[0], setting.split("=", 2)[1]);
        }
        assertThatThrownBy(() -> Transport.of(transport))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(message)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("secret"));
    }
}
