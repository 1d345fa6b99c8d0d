package io.github.sparkfinetune.spark.ml.stage;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.hub.Hub;
import io.github.sparkfinetune.data.hub.HubSettings;
import io.github.sparkfinetune.spark.run.HubModels;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Configuration of a run from the parameters of a stage. */
public final class RunSettings {
    private static final Logger LOG = LoggerFactory.getLogger(RunSettings.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    private RunSettings() {}

    /** Returns a key and its value in the form of {@code --set}. */
    public static String setting(String key, Object value) {
        try {
            return key + "=" + JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the value of a parameter without a default. */
    public static String required(Params stage, Param<String> param) {
        if (!stage.isDefined(param)) {
            throw RunException.config(stage.uid() + ": " + param.name() + " is not set: it is " + param.doc());
        }
        return stage.getOrDefault(param);
    }

    /**
     * Returns the settings of a stage that only reads texts, except the model. Nothing is trained, prepared or written,
     * and texts are read as by a classifier.
     */
    public static List<String> ofTexts(Params stage) {
        return List.of(
                "task=classification",
                setting("data.train", "table:" + stage.uid()),
                setting("output.dir", stage.uid()),
                "cluster.shared_filesystem=true");
    }

    /** Returns the run of some settings, with absolute paths. A model of the Hub is downloaded. */
    public static RunConfig run(SparkSession session, Params stage, List<String> settings) {
        Configuration hadoop = session.sparkContext().hadoopConfiguration();
        RunConfig run = RunConfigLoader.parse("{}", stage.uid(), settings);
        Hub hub = new Hub(HubSettings.of(System.getenv()), line -> LOG.info("{}", line));
        return AbsolutePaths.of(
                HubModels.resolve(run, hub, session.sparkContext().master(), hadoop), hadoop);
    }
}
