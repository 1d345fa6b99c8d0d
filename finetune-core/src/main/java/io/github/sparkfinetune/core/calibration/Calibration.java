package io.github.sparkfinetune.core.calibration;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.PredictConfig.ConformityScore;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.metric.Softmax;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.data.files.Quoted;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/**
 * Confidence of a classifier, measured on evaluation rows: {@value #FILE} in the model's folder.
 *
 * @param temperature divisor of the logits
 * @param rows number of evaluation rows
 * @param lac scores of their right labels, ascending, by {@link ConformityScore#LAC}; at most {@value #MOST}
 * @param aps the same by {@link ConformityScore#APS}
 */
public record Calibration(double temperature, long rows, double[] lac, double[] aps) {
    /** Name in the model's folder. */
    public static final String FILE = "calibration.json";

    /** Number of scores that are kept. */
    static final int MOST = 10_000;

    public Calibration {
        if (!(temperature > 0) || rows < 1 || lac.length < 1 || lac.length != aps.length || lac.length > rows) {
            throw new IllegalArgumentException("temperature " + temperature + ", " + rows + " rows, " + lac.length
                    + ", " + aps.length + " scores");
        }
    }

    /**
     * Measures a classifier.
     *
     * @param probabilities probabilities of the labels of each evaluation row
     * @param labels id of each row's label
     */
    public static Calibration of(List<double[]> probabilities, int[] labels) {
        List<double[]> logits =
                probabilities.stream().map(Calibration::logarithms).toList();
        double temperature = Temperature.fit(logits, labels);
        List<double[]> calibrated =
                logits.stream().map(row -> Temperature.scaled(row, temperature)).toList();
        return new Calibration(
                temperature,
                labels.length,
                scores(ConformityScore.LAC, calibrated, labels),
                scores(ConformityScore.APS, calibrated, labels));
    }

    private static double[] logarithms(double[] probabilities) {
        return Arrays.stream(probabilities)
                .map(p -> Math.log(Math.max(p, Double.MIN_NORMAL)))
                .toArray();
    }

    private static double[] scores(ConformityScore kind, List<double[]> probabilities, int[] labels) {
        double[] all = new double[labels.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = PredictionSets.scores(kind, probabilities.get(i))[labels[i]];
        }
        Arrays.sort(all);
        if (all.length <= MOST) {
            return all;
        }
        double[] kept = new double[MOST];
        for (int i = 0; i < MOST; i++) {
            // The last of each part, so that a quantile is never too small.
            kept[i] = all[(int) ((i + 1L) * all.length / MOST) - 1];
        }
        return kept;
    }

    /** Returns the calibrated probabilities of logits. */
    public double[] probabilities(float[] logits) {
        return calibrated(Softmax.probabilities(logits));
    }

    /** Returns the calibrated probabilities of probabilities that are not. */
    public double[] calibrated(double[] probabilities) {
        return Temperature.scaled(logarithms(probabilities), temperature);
    }

    /**
     * Returns the score up to which labels are in a set: the ceil((n + 1) coverage)-th smallest of n scores, or
     * infinity with too few scores for the coverage.
     *
     * @param coverage share of rows whose set holds the right label, in (0, 1)
     */
    public double quantile(ConformityScore kind, double coverage) {
        double[] scores = kind == ConformityScore.LAC ? lac : aps;
        double rank = Math.ceil((rows + 1) * coverage);
        int index = (int) Math.ceil(rank * scores.length / rows) - 1;
        return index < scores.length ? scores[index] : Double.POSITIVE_INFINITY;
    }

    /** Returns this calibration as a file's content. */
    public byte[] json() {
        return JsonFiles.pretty(JsonFiles.MAPPER.valueToTree(this));
    }

    /**
     * Checks that a run holds out the rows that its calibration needs, if its predictions need one.
     *
     * @throws RunException if it does not
     */
    public static void requireHeldOut(RunConfig config) {
        DataConfig data = config.data();
        if (config.predict().hasSets()) {
            require(data.eval() != null || data.evalFraction() > 0, Manifest.EVAL);
            require(data.test() != null || data.testFraction() > 0, Manifest.TEST);
        }
    }

    private static void require(boolean holdsOut, String split) {
        if (!holdsOut) {
            throw RunException.config(
                    "predict.coverage: the model is calibrated on eval rows and measured on test rows: set data."
                            + split + " or data." + split + "_fraction");
        }
    }

    /**
     * Checks that a run's model is calibrated, if its predictions need that.
     *
     * @param config configuration with absolute paths
     * @throws RunException if it is not
     */
    public static void require(RunConfig config, Configuration hadoop) throws IOException {
        org.apache.hadoop.fs.Path folder =
                new org.apache.hadoop.fs.Path(config.output().model());
        if (config.predict().hasSets()
                && !HadoopFiles.fileSystem(folder, hadoop).exists(new org.apache.hadoop.fs.Path(folder, FILE))) {
            throw missing(folder.toString());
        }
    }

    private static RunException missing(String folder) {
        return RunException.data("predict.coverage: " + folder + " has no " + FILE
                + ": measure the model by finetune evaluate with predict.coverage set");
    }

    /**
     * Reads the calibration of a model.
     *
     * @param folder local folder of the model
     * @param name name of the folder in messages
     * @throws RunException if the model is not calibrated, or the file is damaged
     */
    public static Calibration read(Path folder, String name) {
        Path file = folder.resolve(FILE);
        if (!Files.exists(file)) {
            throw missing(name);
        }
        try {
            return JsonFiles.MAPPER.treeToValue(JsonFiles.readObject(file), Calibration.class);
        } catch (JsonProcessingException e) {
            throw RunException.data(
                    name + "/" + FILE + " is damaged (" + Quoted.name(e.getOriginalMessage())
                            + "): measure the model again by finetune evaluate",
                    e);
        }
    }
}
