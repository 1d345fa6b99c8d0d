package io.github.sparkfinetune.extra.evidence;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.checkpoint.HfFolderWriter;
import io.github.sparkfinetune.core.privacy.PrivacySpent;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.data.hf.Sha256;
import io.github.sparkfinetune.extra.erase.EraseJob;
import io.github.sparkfinetune.extra.lineage.ParquetFiles;
import io.github.sparkfinetune.extra.lineage.RunEvents;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.folder.MetricsFile;
import io.github.sparkfinetune.spark.folder.RunFolder;
import io.github.sparkfinetune.spark.folder.TrainingMetrics;
import io.github.sparkfinetune.spark.predict.EvaluateJob;
import io.github.sparkfinetune.spark.predict.Scores;
import io.github.sparkfinetune.spark.run.ModelDigest;
import io.github.sparkfinetune.spark.run.OutputFolder;
import io.github.sparkfinetune.spark.run.RunPaths;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import scala.Tuple2;

/**
 * Collects and checks the evidence of a run: cards, Croissant, the summary of the training content, events of
 * OpenLineage, a bill of materials, the configuration, erasures, hashes of all inputs and outputs, and figures with the
 * command that recomputes each. Spark tasks hash the files. The evidence holds no text, no value of a row, no name of a
 * label and no hash of an erased document.
 */
final class EvidenceJob {
    /** Name of the evidence in the output folder, unless another path is given. */
    private static final String FOLDER = "evidence";

    static final String CONFIG = "run.yaml";
    private static final String ERASURES = "erasure.json";
    private static final String MODEL_CARD = "model-card.md";
    private static final String EVENTS = "lineage.jsonl";
    private static final String MATERIALS = "bom.json";
    private static final String RESOURCE = "/META-INF/sbom/spark-finetune.cdx.json";
    private static final String COMMAND = "finetune evaluate --config " + CONFIG;
    /** User and password in a URI. A name before {@code @} alone is a container of Azure. */
    private static final String CREDENTIALS = "://[^/@:\\s\"]+:[^/@\\s\"]+@";

    private final SparkSession spark;
    private final JavaSparkContext context;
    private final Configuration hadoop;
    private final RunConfig config;
    private final Path output;
    private EvidenceGroup group = EvidenceGroup.NONE;

    /**
     * Request for evidence.
     *
     * @param output new folder or zip file; null for {@code evidence} in the output folder
     * @param figures metrics by held-out set
     * @param answers YAML file with answers of a person, or null
     * @param key key that signs the index, or null
     */
    record Request(String output, Map<String, Map<String, Double>> figures, String answers, PrivateKey key) {}

    /**
     * Result of collecting evidence.
     *
     * @param path folder or zip file
     * @param index index of the evidence
     * @param warnings one line for each part that a person has to complete, or that is missing
     */
    record Collected(String path, EvidenceIndex index, List<String> warnings) {}

    /** @param config configuration of the run; relative paths are resolved */
    EvidenceJob(SparkSession spark, RunConfig config) {
        SparkSessions.requireSerializer(spark);
        this.spark = spark;
        this.context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        this.hadoop = context.hadoopConfiguration();
        this.config = RunPaths.resolve(config, spark.sparkContext().master(), hadoop);
        this.output = new Path(this.config.output().dir());
    }

    /**
     * Collects the evidence of a run. Overwrites nothing.
     *
     * @throws RunException if the run is not finished, or the output exists
     */
    Collected collect(Request request) {
        Path target = request.output() == null
                ? new Path(output, FOLDER)
                : new Path(AbsolutePaths.of("--output", request.output(), hadoop));
        spark.sparkContext().setJobDescription("evidence: hash");
        try {
            EvidenceFiles evidence = new EvidenceFiles(target, hadoop);
            evidence.requireNew();
            RunConfig trained = OutputFolder.require(config, hadoop);
            requireFinished();
            group = EvidenceGroup.of(output, hadoop);
            Answers answers = Answers.read(request.answers(), hadoop);
            Manifest manifest = Manifest.of(config.onGenerationOf(trained), hadoop);
            List<FileHashes> hashes = FileHashes.of(context, new RunFiles(config, hadoop).groups(manifest));
            hashes.forEach(FileHashes::requireAll);
            Map<String, byte[]> files = new TreeMap<>();
            files.put(CONFIG, bytes(RunConfigLoader.toYaml(RunConfigLoader.withoutData(trained))));
            describe(files, request.figures(), manifest, hashes, answers);
            hashes.stream()
                    .filter(group -> group.group().isListed())
                    .forEach(group -> files.put(list(group), bytes(group.text())));
            EvidenceIndex index = index(request.figures(), manifest, hashes, files);
            byte[] json = withoutCredentials(index.toJson());
            Map<String, byte[]> all = new LinkedHashMap<>(files);
            if (request.key() != null) {
                all.put(IndexSignature.FILE_NAME, IndexSignature.sign(json, request.key()));
            }
            all.put(EvidenceIndex.FILE_NAME, json);
            evidence.write(all);
            return new Collected(target.toString(), index, warnings(files, manifest, hashes, answers));
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw Errors.explain("evidence of " + output, e);
        } finally {
            spark.sparkContext().setJobDescription(null);
        }
    }

    private void requireFinished() throws IOException {
        if (new EraseJob(spark, config).unfinished().isPresent()) {
            throw RunException.data(
                    "output.dir: " + output + " has an erasure that was interrupted: start finetune erase again first");
        }
        Path model = new Path(config.output().model());
        if (!HadoopFiles.fileSystem(model, hadoop).exists(model)) {
            throw RunException.data("output.dir: " + output + " has no model: train the run to its end first");
        }
    }

    /** Adds the files that describe the run. */
    private void describe(
            Map<String, byte[]> files,
            Map<String, Map<String, Double>> figures,
            Manifest manifest,
            List<FileHashes> hashes,
            Answers answers)
            throws IOException {
        FileSystem system = HadoopFiles.fileSystem(output, hadoop);
        FileHashes model = group(hashes, RunFiles.MODEL);
        Path card = new Path(config.output().model(), HfFolderWriter.CARD);
        try {
            files.put(MODEL_CARD, bytes(HadoopFiles.readText(system, card)));
        } catch (FileNotFoundException e) {
            throw RunException.data(card + " is missing, which training has written: train the run again", e);
        }
        RunConfig named = group.named(config);
        files.put(DatasetCard.FILE_NAME, bytes(DatasetCard.of(named, manifest)));
        String date = now().substring(0, "2026-01-01".length());
        Path shard = new Path(
                config.dataset(), manifest.split(Manifest.TRAIN).shards().get(0).file());
        files.put(
                Croissant.FILE_NAME,
                withoutCredentials(JsonFiles.pretty(new Croissant(
                                named.runName(),
                                date,
                                manifest,
                                group(hashes, RunFiles.DATASET),
                                ParquetFiles.columns(shard, hadoop))
                        .toJson(answers))));
        files.put(
                TrainingContent.FILE_NAME,
                bytes(new TrainingContent(named, manifest, date, model.digest(), answers).toMarkdown()));
        // The events name the model by its hash, which they would compute on the driver.
        ModelDigest.keep(new Path(config.output().model()), model.text(), hadoop);
        List<String> events = RunEvents.of(named, hadoop, System.getenv(), settings(), figures);
        files.put(EVENTS, bytes(String.join("\n", events) + "\n"));
        Path erasures = new Path(output, ERASURES);
        if (system.exists(erasures)) {
            files.put(ERASURES, bytes(EvidenceIndex.withoutHashes(HadoopFiles.readText(system, erasures), erasures)));
        }
        try (InputStream materials = EvidenceJob.class.getResourceAsStream(RESOURCE)) {
            if (materials != null) {
                files.put(MATERIALS, materials.readAllBytes());
            }
        }
    }

    private Map<String, String> settings() {
        return Arrays.stream(context.getConf().getAll()).collect(Collectors.toMap(Tuple2::_1, Tuple2::_2));
    }

    private static FileHashes group(List<FileHashes> hashes, String name) {
        return hashes.stream()
                .filter(group -> group.group().name().equals(name))
                .findFirst()
                .orElseThrow(() -> RunException.data("the run's folder " + name + " has no files: train it first"));
    }

    private static String list(FileHashes hashes) {
        return "hashes/" + hashes.group().name() + ".sha256";
    }

    private EvidenceIndex index(
            Map<String, Map<String, Double>> figures,
            Manifest manifest,
            List<FileHashes> hashes,
            Map<String, byte[]> files)
            throws IOException {
        String version = EvidenceJob.class.getPackage().getImplementationVersion();
        return new EvidenceIndex(
                EvidenceIndex.SCHEMA_VERSION,
                version == null ? "unpackaged" : version,
                now(),
                new EvidenceIndex.Run(
                        group.named(config).runName(), config.task().configName(), output.toString()),
                files.entrySet().stream()
                        .map(file -> new EvidenceIndex.File(
                                file.getKey(), file.getValue().length, Sha256.of(file.getValue())))
                        .toList(),
                hashes.stream().map(EvidenceJob::entry).toList(),
                new EvidenceIndex.Data(manifest.sources(), manifest.erased().size(), manifest.redacted(), privacy()),
                figures.entrySet().stream()
                        .flatMap(set -> set.getValue().entrySet().stream()
                                .map(metric -> new EvidenceIndex.Figure(
                                        set.getKey(), metric.getKey(), metric.getValue(), COMMAND)))
                        .toList());
    }

    private PrivacySpent privacy() throws IOException {
        TrainingMetrics.Training train =
                MetricsFile.read(RunFolder.of(config, hadoop)).training().train();
        return train == null ? null : train.privacy();
    }

    private static EvidenceIndex.Group entry(FileHashes hashes) {
        FileGroup group = hashes.group();
        return new EvidenceIndex.Group(
                group.name(),
                group.role().name().toLowerCase(Locale.ROOT),
                group.root(),
                group.files().size(),
                group.bytes(),
                hashes.digest(),
                group.isListed() ? list(hashes) : null);
    }

    private static List<String> warnings(
            Map<String, byte[]> files, Manifest manifest, List<FileHashes> hashes, Answers answers) {
        List<String> warnings = new ArrayList<>();
        if (answers.missing() > 0) {
            warnings.add(answers.missing() + " fields of " + TrainingContent.FILE_NAME
                    + " and the cards are to be filled in: give --answers");
        }
        if (!files.containsKey(MATERIALS)) {
            warnings.add("no bill of materials: this build was not packaged as a jar");
        }
        manifest.sources().stream()
                .filter(source ->
                        hashes.stream().noneMatch(group -> group.group().name().equals(source.key())))
                .forEach(source -> warnings.add(
                        source.key() + " is not hashed: it is a table, or has changed since the dataset was prepared"));
        return warnings;
    }

    /**
     * Compares the run with its evidence: hashes all files again and evaluates the model again.
     *
     * @param metrics metrics by held-out set, as {@code metrics.json} has them now
     * @return one verdict for each group of files and each figure
     */
    List<Verdict> compare(Evidence evidence, Map<String, Map<String, Double>> metrics) {
        Path scratch = new Path(output, ".evidence-" + UUID.randomUUID());
        spark.sparkContext().setJobDescription("verify-evidence: hash");
        try {
            RunConfig trained = OutputFolder.require(config, hadoop);
            Manifest manifest = Manifest.of(config.onGenerationOf(trained), hadoop);
            List<FileHashes> hashes = FileHashes.of(context, new RunFiles(config, hadoop).groups(manifest));
            List<Verdict> verdicts = new ArrayList<>(Comparison.files(evidence, hashes));
            verdicts.addAll(Comparison.figures(evidence.index(), metrics, RunFolder.METRICS));
            verdicts.addAll(recomputed(evidence.index(), scratch));
            return verdicts;
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw Errors.explain("verify-evidence of " + output, e);
        } finally {
            spark.sparkContext().setJobDescription(null);
            HadoopFiles.discard(HadoopFiles.fileSystem(scratch, hadoop), scratch);
        }
    }

    private List<Verdict> recomputed(EvidenceIndex index, Path scratch) {
        try {
            return Comparison.figures(
                    index, Scores.bySet(EvaluateJob.again(spark, config, scratch)), "a new evaluation");
        } catch (RunException e) {
            if (e.exitCode() == ExitCode.FAILED) {
                throw e;
            }
            // The verdicts on the files say what was changed.
            return List.of(Verdict.differs("figures", "cannot be recomputed: " + e.getMessage()));
        }
    }

    private static String now() {
        return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    }

    private byte[] bytes(String text) {
        return group.without(text.replaceAll(CREDENTIALS, "://")).getBytes(StandardCharsets.UTF_8);
    }

    private byte[] withoutCredentials(byte[] text) {
        return bytes(new String(text, StandardCharsets.UTF_8));
    }
}
