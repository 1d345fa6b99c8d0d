package io.github.sparkfinetune.spark.calibrate;

import io.github.sparkfinetune.conf.PredictConfig;
import io.github.sparkfinetune.core.calibration.Calibration;
import io.github.sparkfinetune.core.calibration.PredictionSets;
import io.github.sparkfinetune.core.calibration.Reliability;
import io.github.sparkfinetune.spark.row.Rows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Predictions of held-out rows by which a classifier is calibrated or its calibration is measured, on the driver.
 *
 * @param probabilities probabilities of the labels of each row
 * @param labels id of each row's label
 */
public record CalibrationRows(List<double[]> probabilities, int[] labels) {
    /** Number of rows that are used, the first ones: more change nothing that is shown. */
    static final int MOST = 200_000;

    /**
     * Reads rows.
     *
     * @param predictions predictions of a split, as an evaluation writes them
     * @param names names of the labels by id
     */
    public static CalibrationRows of(Dataset<Row> predictions, List<String> names) {
        Map<String, Integer> ids = new HashMap<>();
        names.forEach(name -> ids.put(name, ids.size()));
        List<Row> rows = predictions
                .orderBy("index")
                .limit(MOST)
                .select("label", "probabilities")
                .collectAsList();
        List<double[]> probabilities = new ArrayList<>();
        rows.forEach(row -> probabilities.add(Rows.doubles(row.getList(row.fieldIndex("probabilities")))));
        return new CalibrationRows(
                probabilities,
                rows.stream()
                        .mapToInt(row -> ids.get(row.<String>getAs("label")))
                        .toArray());
    }

    /** Returns the calibration by these rows. */
    public Calibration calibration() {
        return Calibration.of(probabilities, labels);
    }

    /**
     * Effect of a calibration on rows.
     *
     * @param metrics {@code ece} and {@code ece_calibrated}: expected calibration error before and after;
     *     {@code coverage}: share of the rows whose set holds their label; {@code set_size}: mean number of labels of a
     *     set; {@code abstained}: share of the rows whose set does not hold exactly one label
     * @param reliability confidence and accuracy before and after
     */
    public record Measured(Map<String, Double> metrics, List<Reliability> reliability) {}

    /** Measures a calibration on these rows. */
    public Measured measured(Calibration calibration, PredictConfig predict) {
        List<double[]> calibrated =
                probabilities.stream().map(calibration::calibrated).toList();
        double quantile = calibration.quantile(predict.conformityScore(), predict.coverage());
        long held = 0;
        long size = 0;
        long abstained = 0;
        for (int i = 0; i < labels.length; i++) {
            int label = labels[i];
            int[] set = PredictionSets.labels(predict.conformityScore(), calibrated.get(i), quantile);
            held += Arrays.stream(set).anyMatch(one -> one == label) ? 1 : 0;
            size += set.length;
            abstained += set.length == 1 ? 0 : 1;
        }
        Reliability before = Reliability.of(probabilities, labels);
        Reliability after = Reliability.of(calibrated, labels);
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put("ece", before.expectedCalibrationError());
        metrics.put("ece_calibrated", after.expectedCalibrationError());
        metrics.put("coverage", held / (double) labels.length);
        metrics.put("set_size", size / (double) labels.length);
        metrics.put("abstained", abstained / (double) labels.length);
        return new Measured(metrics, List.of(before, after));
    }
}
