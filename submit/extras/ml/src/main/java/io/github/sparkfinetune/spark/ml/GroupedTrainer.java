package io.github.sparkfinetune.spark.ml;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.job.session.SessionRun;
import io.github.sparkfinetune.spark.group.GroupConfigs;
import io.github.sparkfinetune.spark.group.GroupsFile;
import io.github.sparkfinetune.spark.ml.stage.ColumnKind;
import java.util.Map;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.types.StructType;

/**
 * Estimator of Spark ML that fine-tunes a model for each value of a column, on the rows with the value. All models have
 * the parameters of one trainer. Each fit has a folder in the trainer's {@code outputDir}, with a run's folder for each
 * value, as {@code finetune run --per} writes them.
 */
public final class GroupedTrainer extends Estimator<GroupedModel> {
    private static final long serialVersionUID = 1L;

    private final String uid;
    private final Param<String> groupCol;
    private final IntParam parallelism;
    private Trainer<?, ?> trainer;

    public GroupedTrainer() {
        this(Identifiable$.MODULE$.randomUID("groupedTrainer"));
    }

    /** Creates a stage with a given uid. */
    public GroupedTrainer(String uid) {
        // Params read the uid when they are created.
        this.uid = uid;
        groupCol = new Param<>(this, "groupCol", GroupedModel.GROUP);
        parallelism = new IntParam(this, "parallelism", "groups at a time");
        setDefault(groupCol, "group");
        setDefault(parallelism, 1);
    }

    @Override
    public String uid() {
        return uid;
    }

    public Param<String> groupCol() {
        return groupCol;
    }

    public IntParam parallelism() {
        return parallelism;
    }

    public GroupedTrainer setGroupCol(String value) {
        set(groupCol, value);
        return this;
    }

    public GroupedTrainer setParallelism(int value) {
        set(parallelism, value);
        return this;
    }

    /** Sets the trainer of all groups. */
    public GroupedTrainer setTrainer(Trainer<?, ?> value) {
        trainer = value;
        return this;
    }

    private Trainer<?, ?> trainer() {
        if (trainer == null) {
            throw RunException.config(uid + ": there is no trainer: set it with setTrainer");
        }
        return trainer;
    }

    /**
     * Trains all groups. A group that fails does not end the others.
     *
     * @throws RunException if parameters, rows and model do not fit, or a group failed
     */
    @Override
    public GroupedModel fit(Dataset<?> dataset) {
        return fit(dataset, SessionRun::onConsole);
    }

    /** Returns a fit that another thread can follow. */
    public FollowedFit<GroupedModel> follow(Dataset<?> dataset) {
        return new FollowedFit<>(steps -> fit(dataset, steps));
    }

    private GroupedModel fit(Dataset<?> dataset, FollowedFit.Steps steps) {
        transformSchema(dataset.schema());
        int together = (int) getOrDefault(parallelism);
        if (together < 1) {
            throw RunException.config(uid + ": parallelism: " + together + ", expected at least 1");
        }
        return trainer().withRun(dataset, all -> {
            steps.of(dataset.sparkSession(), all)
                    .step("fit_per", Map.of("column", getOrDefault(groupCol), "together", together));
            Path folder = new Path(all.output().dir());
            GroupsFile groups = GroupsFile.require(
                    folder, dataset.sparkSession().sparkContext().hadoopConfiguration());
            RunConfig first = GroupConfigs.predicting(
                    all, groups.column(), groups.groups().get(0));
            return new GroupedModel()
                    .of(trainer().model(first, dataset), groups, folder)
                    .setParent(this);
        });
    }

    @Override
    public StructType transformSchema(StructType schema) {
        ColumnKind.GROUP.require(this, groupCol, schema);
        if (trainer() instanceof TextClassifierTrainer classifier && classifier.isSet(classifier.thresholds())) {
            throw RunException.config(
                    uid + ": thresholds: the labels of groups may differ: clear the trainer's thresholds");
        }
        return trainer().transformSchema(schema);
    }

    @Override
    public GroupedTrainer copy(ParamMap extra) {
        GroupedTrainer copy = this.<GroupedTrainer>defaultCopy(extra);
        copy.trainer = trainer == null ? null : (Trainer<?, ?>) trainer.copy(extra);
        return copy;
    }
}
