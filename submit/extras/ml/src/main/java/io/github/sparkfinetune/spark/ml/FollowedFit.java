package io.github.sparkfinetune.spark.ml;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.job.session.SessionRun;
import java.io.IOException;
import java.util.function.Function;
import org.apache.spark.ml.Model;
import org.apache.spark.sql.SparkSession;

/**
 * Fit whose progress another thread shows, such as a notebook's.
 *
 * @param <M> model that the fit returns
 */
public final class FollowedFit<M extends Model<M>> {
    /** State before the steps begin, in the form of {@link SessionRun#shown}. */
    private static final String NOTHING = "{\"lines\":[],\"line\":\"\",\"share\":0.0}";

    private final Function<Steps, M> fit;
    private volatile SessionRun run;

    /** Opens the steps of a run. */
    @FunctionalInterface
    interface Steps {
        SessionRun of(SparkSession session, RunConfig run);
    }

    FollowedFit(Function<Steps, M> fit) {
        this.fit = fit;
    }

    /**
     * Fits in the calling thread.
     *
     * @throws RunException as {@code fit} of the trainer
     */
    public M run() {
        return fit.apply((session, config) -> run = SessionRun.of(session, config));
    }

    /** Returns new output as {@link SessionRun#shown} does. */
    public String shown() throws IOException {
        SessionRun now = run;
        return now == null ? NOTHING : now.shown();
    }

    /**
     * Cancels the fit; the call of {@link #run} fails.
     *
     * @return whether there was a step to cancel
     */
    public boolean cancel() {
        SessionRun now = run;
        return now != null && now.cancel();
    }
}
