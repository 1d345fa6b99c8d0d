package io.github.sparkfinetune.spark.init;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.CommentedYaml;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.SourcePreview;
import io.github.sparkfinetune.data.task.TaskCandidate;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.run.PlanJob;
import io.github.sparkfinetune.spark.source.FirstRows;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceReader;
import io.github.sparkfinetune.spark.source.Sources;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/** Reads a source and a model, and proposes a run that trains the model on the source. */
public final class InitJob {
    private static final String TRAIN = "data.train";
    /** Longest sample that is measured, for models that allow longer samples. */
    private static final int LONGEST = 8192;

    private final SparkSession spark;
    private final InitRequest request;
    /** Folder of the model. */
    private final String model;

    private final Map<String, String> named = new LinkedHashMap<>();

    private InitJob(SparkSession spark, InitRequest request, String model) {
        this.spark = spark;
        this.request = request;
        this.model = model;
        for (String setting : request.settings()) {
            int equals = setting.indexOf('=');
            if (equals < 1) {
                throw RunException.config("--set " + setting + ": expected section.key=value");
            }
            named.put(
                    setting.substring(0, equals).strip(),
                    setting.substring(equals + 1).strip());
        }
    }

    /**
     * Returns a configuration with which the data and the model can be read.
     *
     * @throws RunException if a setting is invalid
     */
    public static RunConfig draft(InitRequest request, int cores) {
        List<String> overrides = new ArrayList<>(request.settings());
        overrides.addAll(List.of("cluster.ranks=" + cores, "data.max_length=8", "data.stride=null"));
        return RunConfigLoader.parse(
                new CommentedYaml()
                        .text("model", request.model(), "")
                        .set("task", request.task() == null ? "classification" : request.task(), "")
                        .text(TRAIN, request.data(), "")
                        .text("output.dir", "runs", "")
                        .text(),
                "finetune init",
                overrides);
    }

    /**
     * Proposes a run.
     *
     * @param model folder of the model
     * @param planner computes memory and disk of a run
     * @param chooser chooses from several fitting tasks; the first task is the likeliest
     * @throws RunException if no task fits, or data or model cannot be read
     */
    public static Proposal run(
            SparkSession spark,
            InitRequest request,
            String model,
            Function<RunConfig, PlanJob.Plan> planner,
            Function<Map<String, String>, String> chooser) {
        try {
            return new InitJob(spark, request, model).propose(planner, chooser);
        } catch (IOException e) {
            throw Errors.explain("init", e);
        }
    }

    private Proposal propose(Function<RunConfig, PlanJob.Plan> planner, Function<Map<String, String>, String> chooser)
            throws IOException {
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        Path folder = new Path(AbsolutePaths.of("model", model, hadoop));
        HfConfig config = HfConfig.read(folder, hadoop);
        RunConfig draft = withFormat(draft(request, 1));
        SourceFiles files = Sources.of(spark, draft.data(), TRAIN, Manifest.TRAIN, request.data());
        SourceReader reader = new SourceReader(spark, TokenizerFiles.read(folder, hadoop), draft.data());
        SourcePreview preview = FirstRows.of(reader, files, named);
        Map<String, TaskCandidate> fitting = fitting(draft, preview, config);
        String task = chooser.apply(fitting.entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, one -> one.getValue().evidence(), (a, b) -> a, LinkedHashMap::new)));
        Map<String, String> siblings = siblings(hadoop);
        TaskCandidate found = withGroup(fitting.get(task), preview, siblings);
        CommentedYaml surveyed = new CommentedYaml();
        found.settings().forEach((key, value) -> surveyed.text(key, value, ""));
        int positions = Architectures.positions(config);
        int longest = positions == 0 ? LONGEST : Math.min(positions, LONGEST);
        RunConfig measured = with(
                draft,
                surveyed.set("task", task, "")
                        .set("data.packing", "none", "")
                        .set("data.max_length", longest, "")
                        .text("model", folder.toString(), ""));
        TaskData<?> data = TaskDatas.of(measured);
        TokenizerFiles tokenizer = TaskDatas.tokenizer(folder, measured, Architectures::positions, hadoop);
        data.check(tokenizer);
        SourceFiles measuredFiles = Sources.of(spark, measured.data(), TRAIN, Manifest.TRAIN, request.data());
        SourceReader all = new SourceReader(spark, tokenizer, measured.data());
        Survey survey = Survey.of(all, measuredFiles, data, tokenizer, longest);
        return new RunWriter(request, named, config, task, found, measuredFiles, survey, siblings)
                .write(measured, model, planner);
    }

    /** Adds the column whose rows are held out together, if rows are split. */
    private static TaskCandidate withGroup(TaskCandidate found, SourcePreview preview, Map<String, String> siblings) {
        boolean isSplit = !siblings.keySet().containsAll(List.of("data.eval", "data.test"));
        return isSplit
                ? GroupColumn.of(preview, found.settings().values())
                        .map(column -> found.with(RunWriter.SPLIT_BY, column))
                        .orElse(found)
                : found;
    }

    /** Sets the format of a file of lines, by its name. */
    private RunConfig withFormat(RunConfig draft) {
        boolean lines = request.data().matches("(?i).*\\.txt(\\.(gz|bz2|zst))?") && !named.containsKey("data.format");
        return lines ? with(draft, new CommentedYaml().set("data.format", "text", "")) : draft;
    }

    private RunConfig with(RunConfig config, CommentedYaml settings) {
        List<String> overrides = new ArrayList<>(settings.overrides());
        named.forEach((key, value) -> {
            if (key.startsWith("data.") && !key.equals("data.packing") && !key.equals("data.max_length")) {
                overrides.add(key + "=" + value);
            }
        });
        return RunConfigLoader.parse(RunConfigLoader.toYaml(config), "finetune init", overrides);
    }

    /** Returns the tasks that fit source and model, or only the requested task. */
    private Map<String, TaskCandidate> fitting(RunConfig draft, SourcePreview preview, HfConfig config) {
        Map<Task, TaskCandidate> candidates = TaskDatas.candidates(preview);
        Map<String, TaskCandidate> fitting = new LinkedHashMap<>();
        List<String> refused = new ArrayList<>();
        candidates.forEach((task, candidate) -> {
            String name = task.configName();
            try {
                TaskSpecs.of(with(draft, new CommentedYaml().set("task", name, "")))
                        .modelKind()
                        .check(config);
                fitting.put(name, candidate);
            } catch (RunException e) {
                refused.add(name + ": " + e.getMessage());
            }
        });
        String requested = request.task();
        if (requested != null ? fitting.containsKey(requested) : !fitting.isEmpty()) {
            return requested == null ? fitting : Map.of(requested, fitting.get(requested));
        }
        if (!refused.isEmpty()
                && (requested == null || refused.stream().anyMatch(one -> one.startsWith(requested + ":")))) {
            throw RunException.config("the data does not fit the model (" + String.join("; ", refused) + ")");
        }
        throw RunException.config(TRAIN + ": " + request.data() + " has no columns that "
                + (requested == null ? "a task" : "task " + requested) + " needs, its columns are "
                + String.join(", ", preview.columns())
                + ": name them with --set data.text=COLUMN --set data.label=COLUMN");
    }

    /** Returns files with eval, validation or test in the name, for a file with train in the name. */
    private Map<String, String> siblings(Configuration hadoop) throws IOException {
        Map<String, String> found = new LinkedHashMap<>();
        if (DataConfig.isTable(request.data())) {
            return found;
        }
        Path train = new Path(request.data());
        if (!train.getName().contains("train") || request.data().contains("*")) {
            return found;
        }
        FileSystem system = HadoopFiles.open(train, hadoop);
        Map.of("data.eval", List.of("eval", "validation", "valid", "dev"), "data.test", List.of("test"))
                .forEach((key, names) -> names.stream()
                        .map(name -> train.getName().replace("train", name))
                        .map(name -> train.getParent() == null ? new Path(name) : new Path(train.getParent(), name))
                        .filter(path -> exists(system, path))
                        .findFirst()
                        .ifPresent(path -> found.put(key, path.toString())));
        return found;
    }

    private static boolean exists(FileSystem system, Path path) {
        try {
            return system.exists(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
