package io.github.sparkfinetune.k8s;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPort;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.fabric8.mockwebserver.Context;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import okhttp3.mockwebserver.MockResponse;
import okhttp3.mockwebserver.MockWebServer;
import okhttp3.mockwebserver.RecordedRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs {@code spark-submit --master k8s://} as in this folder's README, against a mock of the API server. */
@Timeout(600)
class KubernetesSubmitTest {
    private static final String JAR = "local:///opt/spark-finetune/spark-finetune.jar";

    @TempDir
    private Path folder;

    private final Applying applying = new Applying();
    private final KubernetesMockServer server =
            new KubernetesMockServer(new Context(), new MockWebServer(), new HashMap<>(), applying, false);
    private KubernetesClient client;

    /** Adds server-side apply to the mock, because Spark creates every object but the pod with it. */
    private static final class Applying extends KubernetesCrudDispatcher {
        private final KubernetesSerialization serialization = new KubernetesSerialization();
        private final List<String> applied = Collections.synchronizedList(new ArrayList<>());

        @Override
        public MockResponse dispatch(RecordedRequest request) {
            if (!request.getMethod().equals("PATCH") || !request.getPath().contains("fieldManager=")) {
                return super.dispatch(request);
            }
            String body = serialization.asJson(
                    serialization.unmarshal(request.getBody().clone().readUtf8()));
            applied.add(body);
            return new MockResponse()
                    .setResponseCode(200)
                    .setHeader("Content-Type", "application/json")
                    .setBody(body);
        }
    }

    @BeforeEach
    void start() {
        server.init();
        client = server.createClient();
    }

    @AfterEach
    void stop() {
        client.close();
        server.destroy();
    }

    @Test
    void driversPodAndSettingsMatchTheFilesOfThisFolder() throws Exception {
        submit("run", "--config", "s3a://bucket/run.yaml", "--set", "cluster.ranks=2");

        List<Pod> pods = client.pods().inNamespace("training").list().getItems();
        assertThat(pods).hasSize(1);
        Pod driver = pods.get(0);
        assertThat(driver.getMetadata().getLabels())
                .containsEntry("spark-role", "driver")
                .containsEntry("app.kubernetes.io/name", "spark-finetune");
        assertThat(driver.getSpec().getServiceAccountName()).isEqualTo("spark");
        assertThat(driver.getSpec().getSecurityContext().getRunAsNonRoot()).isTrue();
        assertThat(driver.getSpec().getSecurityContext().getRunAsUser()).isEqualTo(185);
        Container spark = driver.getSpec().getContainers().get(0);
        assertThat(spark.getImage()).isEqualTo("registry/spark-finetune:1");
        assertThat(spark.getArgs())
                .startsWith("driver", "--properties-file")
                .endsWith(
                        "--class",
                        "io.github.sparkfinetune.cli.Finetune",
                        JAR,
                        "run",
                        "--config",
                        "s3a://bucket/run.yaml",
                        "--set",
                        "cluster.ranks=2");
        assertThat(driver.getSpec().getSecurityContext().getSeccompProfile().getType())
                .isEqualTo("RuntimeDefault");
        // What the Pod Security Standard "restricted" asks of every container and volume.
        assertThat(driver.getSpec().getInitContainers()).isEmpty();
        assertThat(driver.getSpec().getHostNetwork()).isNull();
        assertThat(driver.getSpec().getContainers()).allSatisfy(container -> {
            assertThat(container.getSecurityContext().getAllowPrivilegeEscalation())
                    .isFalse();
            assertThat(container.getSecurityContext().getCapabilities().getDrop())
                    .containsExactly("ALL");
            assertThat(container.getSecurityContext().getCapabilities().getAdd())
                    .isEmpty();
        });
        assertThat(driver.getSpec().getVolumes())
                .isNotEmpty()
                .allMatch(volume -> volume.getEmptyDir() != null || volume.getConfigMap() != null);
        assertThat(spark.getResources().getRequests())
                .containsEntry("memory", new Quantity("3072Mi"))
                .containsEntry("ephemeral-storage", new Quantity("10Gi"));
        assertThat(spark.getVolumeMounts())
                .anyMatch(mount -> mount.getName().startsWith("spark-local-dir-"))
                .anyMatch(mount -> mount.getName().equals("spark-conf-volume-driver"));

        // Settings for the driver's executors.
        assertThat(String.join("\n", applying.applied))
                .contains(
                        "spark.executor.instances=2\\n",
                        "spark.executor.cores=4\\n",
                        "spark.executor.memoryOverhead=4g\\n",
                        "spark.kubernetes.executor.podTemplateContainerName=spark\\n",
                        "ephemeral-storage: 10Gi");
    }

    @Test
    void networkPolicyAllowsThePortsOfTheSettings() throws Exception {
        NetworkPolicy policy = client.getKubernetesSerialization()
                .unmarshal(Files.readString(Path.of("networkpolicy.yaml")), NetworkPolicy.class);
        Properties settings = new Properties();
        try (Reader reader = Files.newBufferedReader(Path.of("spark.conf"))) {
            settings.load(reader);
        }
        List<NetworkPolicyPort> allowed = policy.getSpec().getIngress().get(0).getPorts();

        assertThat(policy.getSpec().getPodSelector().getMatchLabels())
                .containsEntry("app.kubernetes.io/name", "spark-finetune");
        for (String port : List.of(
                settings.getProperty("spark.driver.port"), settings.getProperty("spark.blockManager.port"), "7200")) {
            int first = Integer.parseInt(port);
            assertThat(allowed)
                    .anyMatch(range -> range.getPort().getIntVal() <= first && range.getEndPort() >= first + 16);
        }
    }

    private void submit(String... command) throws Exception {
        List<String> line = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        line.addAll(List.of(System.getProperty("spark.opens").split(" ")));
        line.addAll(List.of(
                "-cp",
                System.getProperty("embedded.spark.home") + "/jars/*:" + System.getProperty("k8s.jars") + "/*",
                "org.apache.spark.deploy.SparkSubmit",
                "--master",
                "k8s://" + client.getMasterUrl().toString().replaceFirst("/$", ""),
                "--deploy-mode",
                "cluster",
                "--name",
                "finetune",
                "--properties-file",
                "submit/k8s/spark.conf"));
        for (String setting : List.of(
                "spark.kubernetes.namespace=training",
                "spark.kubernetes.container.image=registry/spark-finetune:1",
                "spark.kubernetes.submission.waitAppCompletion=false")) {
            line.addAll(List.of("--conf", setting));
        }
        line.addAll(List.of("--class", "io.github.sparkfinetune.cli.Finetune", JAR));
        line.addAll(List.of(command));
        Path log = folder.resolve("log");
        ProcessBuilder submit = new ProcessBuilder(line)
                // The paths in the settings are relative to the project's root.
                .directory(Path.of("../..").toRealPath().toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        // The test must not use the developer's cluster.
        submit.environment().put("KUBECONFIG", folder.resolve("none").toString());
        submit.environment().remove("SPARK_CONF_DIR");
        Process process = submit.start();
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue())
                .as(() -> Files.exists(log) ? read(log) : "")
                .isZero();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (java.io.IOException e) {
            return e.toString();
        }
    }
}
