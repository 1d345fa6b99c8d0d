package io.github.sparkfinetune.extra.tracking;

import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.spark.listener.RunListener;
import java.util.Map;

/** Receives the measurements of a run as figures, in the order of their steps. */
abstract class Tracker implements RunListener {

    /** Receives figures. */
    abstract void add(Figures figures);

    @Override
    public final void add(TrainingRecord record) {
        add(Figures.of(record, System.currentTimeMillis()));
    }

    @Override
    public final void add(TrainingResult result) {
        add(Figures.of(result, System.currentTimeMillis()));
    }

    @Override
    public final void add(String split, long step, Map<String, Double> metrics) {
        add(new Figures(split, step, System.currentTimeMillis(), metrics, false));
    }
}
