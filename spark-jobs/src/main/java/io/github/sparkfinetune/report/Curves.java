package io.github.sparkfinetune.report;

import io.github.sparkfinetune.core.train.TrainingRecord;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Data of the report's plots. A long run has at most {@link #POINTS} points, each the mean of the same number of
 * consecutive records; values that are not finite are dropped.
 *
 * @param recordsPerPoint number of records in a point
 * @param step last optimizer step of each point
 * @param loss training loss
 * @param learningRate learning rate of the schedule
 * @param gradNorm global norm of the gradient before clipping
 * @param tokensPerSecond throughput
 * @param evalStep optimizer steps of the evaluations
 * @param eval metrics of the evaluations by name
 */
record Curves(
        int recordsPerPoint,
        List<Long> step,
        List<Double> loss,
        List<Double> learningRate,
        List<Double> gradNorm,
        List<Double> tokensPerSecond,
        List<Long> evalStep,
        Map<String, List<Double>> eval) {
    static final int POINTS = 1000;

    static Curves of(List<TrainingRecord> records) {
        List<TrainingRecord> steps =
                records.stream().filter(record -> record.eval() == null).toList();
        List<TrainingRecord> evals =
                records.stream().filter(record -> record.eval() != null).toList();
        int width = Math.max(1, (steps.size() + POINTS - 1) / POINTS);
        int evalWidth = Math.max(1, (evals.size() + POINTS - 1) / POINTS);
        Map<String, List<Double>> eval = new LinkedHashMap<>();
        evals.stream()
                .flatMap(record -> record.eval().keySet().stream())
                .distinct()
                .forEach(name -> eval.put(
                        name, means(evals, evalWidth, record -> record.eval().get(name))));
        return new Curves(
                width,
                lastSteps(steps, width),
                means(steps, width, record -> record.loss()),
                means(steps, width, record -> record.learningRate()),
                means(steps, width, record -> record.gradNorm()),
                means(steps, width, record -> record.tokensPerSecond()),
                lastSteps(evals, evalWidth),
                eval);
    }

    private static List<Long> lastSteps(List<TrainingRecord> records, int width) {
        List<Long> steps = new ArrayList<>();
        for (int start = 0; start < records.size(); start += width) {
            steps.add(records.get(Math.min(start + width, records.size()) - 1).step());
        }
        return steps;
    }

    private static List<Double> means(List<TrainingRecord> records, int width, Function<TrainingRecord, Double> value) {
        List<Double> means = new ArrayList<>();
        for (int start = 0; start < records.size(); start += width) {
            double sum = 0;
            int count = 0;
            for (TrainingRecord record : records.subList(start, Math.min(start + width, records.size()))) {
                Double one = value.apply(record);
                if (one != null && Double.isFinite(one)) {
                    sum += one;
                    count++;
                }
            }
            means.add(count == 0 ? null : (Double) (sum / count));
        }
        return means;
    }
}
