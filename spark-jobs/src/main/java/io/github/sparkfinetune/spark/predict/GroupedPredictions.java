package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.core.task.PredictedRow;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.data.task.TaskInput;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.function.LongFunction;

/**
 * Predictions of inputs by the models of their groups, in the order of the inputs. Inputs are taken in runs of
 * {@value #MOST_INPUTS}, and each model predicts its inputs of a run together.
 */
final class GroupedPredictions implements Iterator<PredictedRow> {
    /** Enough for full batches of many groups; inputs of this number are held in memory. */
    private static final int MOST_INPUTS = 4096;

    private final Iterator<TaskInput> inputs;
    private final LongFunction<String> group;
    private final Models models;
    private final RowType<? extends PredictedRow> type;
    private final Deque<PredictedRow> ready = new ArrayDeque<>();

    /** Models of groups. */
    interface Models {
        /** Returns whether a group has a model. */
        boolean has(String group);

        /**
         * Predicts inputs with the model of a group.
         *
         * @return rows as of {@link Predictor#predict}
         */
        List<PredictedRow> predict(String group, List<TaskInput> inputs) throws Exception;

        /** Returns why a row of a group without a model is not predicted. */
        String missing(String group);
    }

    /**
     * @param group returns the group of an input, by the index of the input
     * @param type type of the predicted rows
     */
    GroupedPredictions(
            Iterator<TaskInput> inputs,
            LongFunction<String> group,
            Models models,
            RowType<? extends PredictedRow> type) {
        this.inputs = inputs;
        this.group = group;
        this.models = models;
        this.type = type;
    }

    @Override
    public boolean hasNext() {
        return !ready.isEmpty() || inputs.hasNext();
    }

    @Override
    public PredictedRow next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        if (ready.isEmpty()) {
            predict();
        }
        return ready.remove();
    }

    private void predict() {
        List<Long> order = new ArrayList<>();
        Map<String, List<TaskInput>> byGroup = new LinkedHashMap<>();
        while (order.size() < MOST_INPUTS && inputs.hasNext()) {
            TaskInput input = inputs.next();
            order.add(input.index());
            byGroup.computeIfAbsent(group.apply(input.index()), none -> new ArrayList<>())
                    .add(input);
        }
        Map<Long, PredictedRow> rows = new HashMap<>();
        byGroup.forEach((name, ofGroup) -> predict(name, ofGroup).forEach(row -> rows.put(row.index(), row)));
        order.forEach(index -> ready.add(rows.get(index)));
    }

    private List<PredictedRow> predict(String name, List<TaskInput> ofGroup) {
        if (name == null || !models.has(name)) {
            return ofGroup.stream()
                    .<PredictedRow>map(input -> PredictedRow.unusable(
                            type, input, input.error() == null ? models.missing(name) : input.error()))
                    .toList();
        }
        try {
            return models.predict(name, ofGroup);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("the model of " + name + " cannot be used: " + e.getMessage(), e);
        }
    }
}
