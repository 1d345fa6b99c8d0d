package io.github.sparkfinetune.spark.train;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import io.github.sparkfinetune.core.train.TrainingRecord;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.spark.SparkEnv;
import org.apache.spark.metrics.MetricsSystem;
import org.apache.spark.metrics.source.Source;

/**
 * Gauges of a running training in Spark's metrics system. The driver has them under {@value #NAME}, such as
 * {@code APPLICATION.driver.finetune.loss}, for every sink of {@code metrics.properties} and at
 * {@code /metrics/prometheus} of the driver's UI. Of several concurrent trainings in one process, only the first is
 * shown.
 */
final class TrainingSource implements Source, AutoCloseable {
    private static final String NAME = "finetune";
    private static final AtomicBoolean SHOWN = new AtomicBoolean();

    private final MetricRegistry registry = new MetricRegistry();
    private final Map<String, Double> newest = new ConcurrentHashMap<>();
    private final MetricsSystem system = SparkEnv.get().metricsSystem();
    private final boolean first = SHOWN.compareAndSet(false, true);

    /** Shows a training on the driver until this is closed. */
    TrainingSource() {
        if (first) {
            system.registerSource(this);
        }
    }

    @Override
    public String sourceName() {
        return NAME;
    }

    @Override
    public MetricRegistry metricRegistry() {
        return registry;
    }

    void add(TrainingRecord record) {
        set("step", (double) record.step());
        set("total_steps", (double) record.totalSteps());
        set("epoch", record.epoch());
        set("loss", record.loss());
        set("grad_norm", record.gradNorm());
        set("learning_rate", record.learningRate());
        set("samples_per_second", record.samplesPerSecond());
        set("tokens_per_second", record.tokensPerSecond());
        if (record.eval() != null) {
            record.eval().forEach((name, value) -> set("eval_" + name, value));
        }
    }

    private void set(String name, Double value) {
        if (value != null && newest.put(name, value) == null) {
            registry.register(name, (Gauge<Double>) () -> newest.get(name));
        }
    }

    /** Sends the last values to the sinks, whatever their period. */
    @Override
    public void close() {
        if (first) {
            system.report();
            system.removeSource(this);
            SHOWN.set(false);
        }
    }
}
