package io.github.sparkfinetune.core.calibration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.PredictConfig.ConformityScore;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.metric.Softmax;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Golden values of netcal and MAPIE, of which make_calibration.py says the versions. */
class CalibrationTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static JsonNode golden;

    @TempDir
    Path folder;

    @BeforeAll
    static void read() throws IOException {
        golden = JSON.readTree(
                Path.of("src/test/resources/calibration/calibration.json").toFile());
    }

    private static List<double[]> probabilities(String logits) {
        return Arrays.stream(JSON.convertValue(golden.get(logits), double[][].class))
                .map(Softmax::probabilities)
                .toList();
    }

    private static int[] labels(String name) {
        return JSON.convertValue(golden.get(name), int[].class);
    }

    private static Calibration calibration() {
        return Calibration.of(probabilities("logits"), labels("labels"));
    }

    @Test
    void findsTheTemperatureOfNetcal() {
        assertThat(calibration().temperature())
                .isCloseTo(golden.get("temperature").asDouble(), within(1e-4));
        assertThat(calibration().rows()).isEqualTo(400);
    }

    @Test
    void measuresTheErrorOfNetcal() {
        List<double[]> before = probabilities("logits");
        List<double[]> after = before.stream().map(calibration()::calibrated).toList();

        assertThat(Reliability.of(before, labels("labels")).expectedCalibrationError())
                .isCloseTo(golden.get("ece").asDouble(), within(1e-9));
        assertThat(Reliability.of(after, labels("labels")).expectedCalibrationError())
                .isCloseTo(golden.get("ece_calibrated").asDouble(), within(1e-4));
    }

    @ParameterizedTest
    @EnumSource(ConformityScore.class)
    void makesTheSetsOfMapie(ConformityScore kind) {
        String name = kind.name().toLowerCase(java.util.Locale.ROOT);
        double[] coverages = JSON.convertValue(golden.get("coverages"), double[].class);
        Calibration calibration = calibration();
        List<double[]> others = probabilities("other_logits");
        for (int i = 0; i < coverages.length; i++) {
            double quantile = calibration.quantile(kind, coverages[i]);
            assertThat(quantile)
                    .isCloseTo(golden.get(name + "_quantiles").get(i).asDouble(), within(1e-5));
            for (int row = 0; row < others.size(); row++) {
                assertThat(PredictionSets.labels(kind, calibration.calibrated(others.get(row)), quantile))
                        .as("row %d at %f", row, coverages[i])
                        .isEqualTo(JSON.convertValue(
                                golden.get(name + "_sets").get(i * others.size() + row), int[].class));
            }
        }
    }

    @Test
    void probabilitiesOfLogitsAreThoseOfProbabilities() {
        float[] logits = {1, -2, 0.5f, 3};

        assertThat(calibration().probabilities(logits))
                .containsExactly(calibration().calibrated(Softmax.probabilities(logits)), within(1e-12));
    }

    @Test
    void aSetHoldsAllLabelsIfTheRowsAreTooFewForTheCoverage() {
        assertThat(calibration().quantile(ConformityScore.LAC, 0.999)).isInfinite();
        assertThat(PredictionSets.labels(ConformityScore.LAC, new double[] {0.9, 0.1}, Double.POSITIVE_INFINITY))
                .containsExactly(0, 1);
    }

    @ParameterizedTest
    @EnumSource(ConformityScore.class)
    void setsHoldTheRightLabelAsOftenAsAsked(ConformityScore kind) {
        Random random = new Random(3);
        int rows = 20_000;
        List<double[]> probabilities = new ArrayList<>();
        int[] labels = new int[rows];
        for (int i = 0; i < rows; i++) {
            double[] logits = random.doubles(5, -2, 2).toArray();
            labels[i] = drawn(Softmax.probabilities(logits), random.nextDouble());
            // The classifier is too sure.
            probabilities.add(
                    Softmax.probabilities(Arrays.stream(logits).map(z -> 4 * z).toArray()));
        }
        int half = rows / 2;
        Calibration calibration = Calibration.of(probabilities.subList(0, half), Arrays.copyOf(labels, half));
        double quantile = calibration.quantile(kind, 0.9);
        int held = 0;
        for (int i = half; i < rows; i++) {
            int label = labels[i];
            int[] set = PredictionSets.labels(kind, calibration.calibrated(probabilities.get(i)), quantile);
            held += Arrays.stream(set).anyMatch(one -> one == label) ? 1 : 0;
        }

        assertThat(calibration.temperature()).isCloseTo(4, within(0.2));
        assertThat(held / (double) half).isCloseTo(0.9, within(0.015));
    }

    private static int drawn(double[] probabilities, double at) {
        double sum = 0;
        for (int label = 0; label < probabilities.length - 1; label++) {
            sum += probabilities[label];
            if (at < sum) {
                return label;
            }
        }
        return probabilities.length - 1;
    }

    @Test
    void keepsAFewScoresOfManyRows() {
        Random random = new Random(5);
        int rows = 4 * Calibration.MOST + 7;
        List<double[]> probabilities = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            double p = random.nextDouble();
            probabilities.add(new double[] {p, 1 - p});
        }
        Calibration calibration = Calibration.of(probabilities, new int[rows]);
        double[] all = probabilities.stream()
                .map(calibration::calibrated)
                .mapToDouble(p -> 1 - p[0])
                .sorted()
                .toArray();

        assertThat(calibration.lac()).hasSize(Calibration.MOST);
        for (double coverage : new double[] {0.1, 0.5, 0.9, 0.999}) {
            int rank = (int) Math.ceil((rows + 1) * coverage);
            assertThat(calibration.quantile(ConformityScore.LAC, coverage))
                    .isBetween(all[rank - 1], all[Math.min(rows - 1, rank + 5)]);
        }
    }

    @Test
    void isReadAsItWasWritten() throws IOException {
        Calibration calibration = calibration();
        Files.write(folder.resolve(Calibration.FILE), calibration.json());
        Calibration read = Calibration.read(folder, "hdfs:/model");

        assertThat(read.json()).isEqualTo(calibration.json());
        assertThat(read.temperature()).isEqualTo(calibration.temperature());
        assertThat(read.aps()).isEqualTo(calibration.aps());
    }

    @Test
    void refusesAModelThatIsNotCalibratedAndADamagedFile() throws IOException {
        assertThatThrownBy(() -> Calibration.read(folder, "hdfs:/model"))
                .isInstanceOf(RunException.class)
                .hasMessage("predict.coverage: hdfs:/model has no calibration.json: measure the model by finetune"
                        + " evaluate with predict.coverage set");
        Files.writeString(
                folder.resolve(Calibration.FILE), "{\"temperature\": 0, \"rows\": 1, \"lac\": [], \"aps\": []}");
        assertThatThrownBy(() -> Calibration.read(folder, "hdfs:/model"))
                .isInstanceOf(RunException.class)
                .hasMessageStartingWith("hdfs:/model/calibration.json is damaged (");
    }
}
