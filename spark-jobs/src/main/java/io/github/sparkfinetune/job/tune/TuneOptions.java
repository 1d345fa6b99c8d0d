package io.github.sparkfinetune.job.tune;

import io.github.sparkfinetune.conf.error.RunException;
import java.util.List;

/**
 * Options of a search.
 *
 * @param tries values to try, as for {@link io.github.sparkfinetune.conf.load.SearchSpace#parse}
 * @param trials number of settings to draw; 0 for all combinations
 * @param halving of so many trials one is trained further at each stage; 0 to train all to the end
 * @param together trials that train at a time
 */
public record TuneOptions(List<String> tries, int trials, int halving, int together) {
    public TuneOptions {
        tries = List.copyOf(tries);
        if (tries.isEmpty()) {
            throw RunException.config(
                    "--try is missing: name the keys to search, such as" + " --try training.learning_rate=1e-5..1e-3");
        }
        if (trials < 0 || trials == 1) {
            throw RunException.config("--trials " + trials + ": expected at least 2, or nothing for all combinations");
        }
        if (halving < 0 || halving == 1) {
            throw RunException.config("--halving " + halving
                    + ": expected at least 2, of which one trial goes on, or nothing to train all to the end");
        }
        if (together < 1) {
            throw RunException.config("--together " + together + ": expected at least 1");
        }
    }
}
