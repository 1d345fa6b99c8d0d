package io.github.sparkfinetune.spark.ml;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.spark.group.GroupsFile;
import io.github.sparkfinetune.spark.ml.stage.ColumnKind;
import io.github.sparkfinetune.spark.ml.stage.FolderReader;
import io.github.sparkfinetune.spark.ml.stage.FolderWriter;
import io.github.sparkfinetune.spark.predict.FramePredictions;
import io.github.sparkfinetune.spark.source.Columns;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.Model;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWritable;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * Models of groups as one Transformer of Spark ML: each row is predicted by the model of its group. The added columns
 * are those of {@link #model()}, whose parameters apply to all groups; they are null for a row whose group has no
 * model. Executors load a base model of adapters once per JVM.
 */
public final class GroupedModel extends Model<GroupedModel> implements MLWritable {
    private static final long serialVersionUID = 1L;

    static final String GROUP = "column of the groups";

    private final String uid;
    private final Param<String> groupCol;
    private TrainedModel<?> model;
    private Map<String, String> folders;

    public GroupedModel() {
        this(Identifiable$.MODULE$.randomUID("groupedModel"));
    }

    /** Creates a stage with a given uid. */
    public GroupedModel(String uid) {
        // Params read the uid when they are created.
        this.uid = uid;
        groupCol = new Param<>(this, "groupCol", GROUP);
    }

    @Override
    public String uid() {
        return uid;
    }

    public Param<String> groupCol() {
        return groupCol;
    }

    public GroupedModel setGroupCol(String value) {
        set(groupCol, value);
        return this;
    }

    /** Returns the stage whose parameters name the columns of all groups. */
    public TrainedModel<?> model() {
        if (model == null) {
            throw new IllegalStateException(uid + " has no models: load it, or fit one");
        }
        return model;
    }

    /** Returns the groups that have a model. */
    public List<String> groups() {
        model();
        return List.copyOf(folders.keySet());
    }

    /**
     * Returns the model of a group.
     *
     * @throws RunException if the group has no model
     */
    public TrainedModel<?> model(String group) {
        model();
        if (!folders.containsKey(group)) {
            throw RunException.data(uid + ": there is no model for " + getOrDefault(groupCol) + " " + group);
        }
        return model.copy(ParamMap.empty()).of(folders.get(group));
    }

    GroupedModel of(TrainedModel<?> any, GroupsFile groups, Path folder) {
        model = any;
        folders = groups.folders(folder);
        return setGroupCol(groups.column());
    }

    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        transformSchema(dataset.schema());
        String group = getOrDefault(groupCol);
        return model().transform(dataset, new FramePredictions.Groups(group, Columns.named(group), folders));
    }

    @Override
    public StructType transformSchema(StructType schema) {
        ColumnKind.GROUP.require(this, groupCol, schema);
        if (model() instanceof TextClassifierModel
                && !model.getOrDefault(model.outputCol()).isEmpty()) {
            throw RunException.config(uid + ": outputCol: the classes of groups may differ: use probabilityCol");
        }
        return model().transformSchema(schema);
    }

    @Override
    public GroupedModel copy(ParamMap extra) {
        GroupedModel copy = this.<GroupedModel>defaultCopy(extra);
        copy.model = model == null ? null : model.copy(extra);
        copy.folders = folders;
        return copy.setParent(parent());
    }

    @Override
    public MLWriter write() {
        return new Writer();
    }

    /** Saves the models of the groups in the places where a run has the groups' folders. */
    private final class Writer extends MLWriter {
        @Override
        public void saveImpl(String path) {
            Configuration hadoop = sparkSession().sparkContext().hadoopConfiguration();
            for (String group : groups()) {
                try {
                    model(group).write().session(sparkSession()).save(path + "/" + GroupsFile.path(group));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
            new GroupsFile(getOrDefault(groupCol), Map.of(), groups()).write(new Path(path), hadoop);
            FolderWriter.writeParams(GroupedModel.this, path);
        }
    }

    /** Returns a reader for a folder that {@link #write} saved. */
    public static MLReader<GroupedModel> read() {
        return new FolderReader<GroupedModel>((stage, path) -> {
            Path folder = absolute(path);
            GroupsFile groups = groups(folder);
            String first = folder + "/" + GroupsFile.path(groups.groups().get(0));
            TrainedModel<?> any = new FolderReader<TrainedModel<?>>(TrainedModel::of).load(first);
            return stage.of(any, groups, folder);
        });
    }

    /** Loads a stage that {@code save} saved. */
    public static GroupedModel load(String path) {
        return read().load(path);
    }

    /** Returns the models of a folder of {@code finetune run --per}. */
    public static GroupedModel ofRun(String outputDir) {
        Path folder = absolute(outputDir);
        GroupsFile groups = groups(folder);
        Path first = new Path(folder, GroupsFile.path(groups.groups().get(0)));
        return new GroupedModel().of(TrainedModel.ofRun(first.toString()), groups, folder);
    }

    private static Path absolute(String folder) {
        return new Path(AbsolutePaths.of("output.dir", folder, hadoop()));
    }

    private static Configuration hadoop() {
        return SparkSession.active().sparkContext().hadoopConfiguration();
    }

    private static GroupsFile groups(Path folder) {
        try {
            return GroupsFile.require(folder, hadoop());
        } catch (IOException e) {
            throw HadoopFiles.failed("cannot be read", folder, e);
        }
    }
}
