package io.github.sparkfinetune.job;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.core.adapter.AdapterMerge;
import io.github.sparkfinetune.core.plan.RunPlan;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.data.dataset.DataFunnel;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Warning;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.hub.Hub;
import io.github.sparkfinetune.data.hub.HubSettings;
import io.github.sparkfinetune.spark.cluster.DjlSettings;
import io.github.sparkfinetune.spark.cluster.DriverExit;
import io.github.sparkfinetune.spark.cluster.FixedExecutors;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.command.Call;
import io.github.sparkfinetune.spark.command.Command;
import io.github.sparkfinetune.spark.doctor.Doctor;
import io.github.sparkfinetune.spark.doctor.Examination;
import io.github.sparkfinetune.spark.doctor.Finding;
import io.github.sparkfinetune.spark.group.GroupJob;
import io.github.sparkfinetune.spark.init.InitJob;
import io.github.sparkfinetune.spark.init.InitRequest;
import io.github.sparkfinetune.spark.init.Proposal;
import io.github.sparkfinetune.spark.predict.Agreement;
import io.github.sparkfinetune.spark.predict.EvaluateJob;
import io.github.sparkfinetune.spark.predict.PredictJob;
import io.github.sparkfinetune.spark.predict.Scores;
import io.github.sparkfinetune.spark.predict.SqlFunction;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.run.HubModels;
import io.github.sparkfinetune.spark.run.MergeJob;
import io.github.sparkfinetune.spark.run.PlanJob;
import io.github.sparkfinetune.spark.train.Extent;
import io.github.sparkfinetune.spark.train.MeasureJob;
import io.github.sparkfinetune.spark.train.TrainJob;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkUserAppException;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.apache.spark.sql.SparkSession;
import scala.Tuple2;

/** Jobs on a real Spark session. */
public final class SparkJobs implements Jobs {
    private final RunConfig run;
    /** Master of the session, or null for the configured master. */
    private String master;
    /** Settings of the existing session; empty if the jobs open their own session. */
    private final Map<String, String> settings;

    private SparkSession session;
    private int trainings;

    private SparkJobs(RunConfig run, String master, Map<String, String> settings, SparkSession session) {
        this.run = run;
        this.master = master;
        this.settings = settings;
        this.session = session;
    }

    /** Creates jobs as described in {@link Jobs.Opener}. */
    public static Jobs open(RunConfig run, boolean local) {
        return new SparkJobs(run, local ? local(run, 1) : null, Map.of(), null);
    }

    private static String local(RunConfig run, int together) {
        return "local[" + run.cluster().ranks() * together + "]";
    }

    /** Creates jobs in an existing session; closing the jobs stops the session. */
    public static Jobs in(SparkSession session, RunConfig run) {
        SparkSessions.adopt(session);
        Map<String, String> settings = map(session.sparkContext().getConf());
        return new SparkJobs(run, session.sparkContext().master(), settings, session);
    }

    private static Map<String, String> map(SparkConf conf) {
        return Arrays.stream(conf.getAll()).collect(Collectors.toMap(Tuple2::_1, Tuple2::_2));
    }

    private SparkSession session() {
        if (session == null) {
            String name = "finetune " + run.output().dir();
            SparkConf conf = SparkSessions.conf(run, name, master, Map.of());
            session =
                    SparkSessions.open(run, name, master, FixedExecutors.settings(conf, run, trainings), trainings > 0);
        }
        return session;
    }

    @Override
    public void expectTrainings(int together) {
        trainings = together;
        if (master != null && settings.isEmpty()) {
            master = local(run, Math.max(1, together));
        }
    }

    @Override
    public RunConfig fetchModel(RunConfig config, Consumer<String> progress) {
        if (HubModels.name(config).isEmpty()) {
            return config;
        }
        SparkConf conf = SparkSessions.conf(config, "model", master, settings);
        return HubModels.resolve(
                config,
                new Hub(HubSettings.of(System.getenv()), progress),
                conf.get("spark.master"),
                SparkHadoopUtil.get().newConfiguration(conf));
    }

    @Override
    public Proposal propose(InitRequest request, String model, Function<Map<String, String>, String> chooser) {
        return InitJob.run(session(), request, model, this::plan, chooser);
    }

    @Override
    public List<Finding> examine(RunConfig config, boolean isGiven) {
        SparkConf settings = SparkSessions.conf(config, "doctor", master, Map.of());
        DjlSettings.apply();
        return Doctor.examine(new Examination(
                config,
                isGiven,
                settings,
                SparkHadoopUtil.get().newConfiguration(settings),
                System.getenv(),
                this::session,
                this::plan));
    }

    @Override
    public PlanJob.Plan plan(RunConfig config) {
        return PlanJob.run(config, master, settings);
    }

    @Override
    public MeasureJob.Speed measure(RunConfig config, RunPlan.Work work) {
        return MeasureJob.run(session(), config, work);
    }

    @Override
    public List<String> newWeights(RunConfig config) {
        return PlanJob.newWeights(config, fileSystems(config, "train"));
    }

    @Override
    public List<String> slowSources(RunConfig config) {
        try {
            return PrepareJob.slowSources(config, fileSystems(config, "plan"));
        } catch (RunException e) {
            // A plan works without these warnings; prepare reports unreadable sources.
            return List.of();
        }
    }

    /** Ends the process as the master requires; must be the last call of {@code main}. */
    public static void exit(int code) throws SparkUserAppException {
        // Avoids SparkConf, whose class looks up the host and logs, in commands that never used Spark.
        DriverExit.exit(code, System.getProperty("spark.master"));
    }

    @Override
    public void check(RunConfig config) {
        TrainJob.check(session(), config);
    }

    @Override
    public Prepared prepare(RunConfig config) {
        Manifest manifest = PrepareJob.run(session(), config);
        return new Prepared(
                DataFunnel.summary(manifest),
                manifest.warnings().stream().map(Warning::message).toList());
    }

    @Override
    public void requireHeldOut(RunConfig config) {
        EvaluateJob.requireHeldOut(session(), config);
    }

    @Override
    public TrainingResult train(RunConfig config, Extent extent, Consumer<TrainingRecord> records) {
        return TrainJob.run(session(), config, extent, records);
    }

    @Override
    public List<Scores> evaluate(RunConfig config) {
        return EvaluateJob.run(session(), config);
    }

    @Override
    public Scores evaluate(RunConfig config, String input, String output) {
        return EvaluateJob.ofRows(session(), config, input, new Path(AbsolutePaths.of("--output", output, hadoop())));
    }

    @Override
    public Optional<Agreement> agreement(RunConfig config) {
        return EvaluateJob.agreement(session(), config);
    }

    @Override
    public Optional<Agreement> predict(RunConfig config, String input, String output) {
        return PredictJob.run(session(), config, "--input", input, output);
    }

    @Override
    public String predictionDigest(RunConfig config) {
        return PredictJob.digest(session(), config);
    }

    @Override
    public <A extends Record, R> R run(
            Command<A, R> command, List<Stage> stages, A arguments, Supplier<Progress> progress, Console console)
            throws IOException {
        RunConfig first = stages.get(0).config();
        return command.run(
                new Call(
                        stages,
                        this::session,
                        () -> fileSystems(first, command.name()),
                        one -> new CommandSteps(new Pipeline(one, this, console), progress),
                        console::say),
                arguments);
    }

    @Override
    public void register(RunConfig config, String name) {
        SqlFunction.register(session(), name, AbsolutePaths.of(config, hadoop()));
    }

    @Override
    public String merge(RunConfig config, String adapter, String output) {
        AdapterMerge.Merged merged = MergeJob.run(session(), config, adapter, output);
        return merged.linears() + " adapted linears and " + merged.whole() + " whole parameters into " + config.model();
    }

    @Override
    public GroupJob.Grouped groups(RunConfig config, Map<String, String> sources, String column, String folder) {
        return GroupJob.run(session(), config, sources, column, folder);
    }

    @Override
    public Page show(Callable<String> html) {
        return UiTab.show(session().sparkContext(), html);
    }

    /** Returns the file systems' configuration that a session would have. */
    private Configuration fileSystems(RunConfig config, String command) {
        return SparkHadoopUtil.get().newConfiguration(SparkSessions.conf(config, command, master, settings));
    }

    @Override
    public Map<String, String> sparkSettings() {
        return map(SparkSessions.conf(run, "settings", master, settings));
    }

    @Override
    public Configuration hadoop() {
        // Reading a small file, or writing the status of a command that failed early, needs no session.
        return session == null
                ? fileSystems(run, "files")
                : session.sparkContext().hadoopConfiguration();
    }

    @Override
    public void close() {
        if (session != null) {
            session.stop();
        }
    }
}
