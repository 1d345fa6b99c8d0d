package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.cli.KillableStore.Fault;
import io.github.sparkfinetune.job.SharedSession;
import io.github.sparkfinetune.testing.TestMatrix;
import java.io.IOError;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Ends every command at each of its writes. The same command then leaves the same files as an undisturbed command. */
@Timeout(7200)
class KilledWritesTest {
    private static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/llama-tied")
            .toAbsolutePath()
            .normalize();
    /** Positions among all writes at which a command is ended, unless the test tries every write. */
    private static final double[] SOME = {0.3, 0.8};

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private static Path temporary;

    private static SparkSession spark;

    /** Commands, each after the commands before it. */
    enum Command {
        INIT("init --data ROOT/documents.jsonl --task causal-lm --output ROOT/init.yaml --model MODEL"),
        PREPARE("prepare --config RUN"),
        TRAIN("train --config RUN"),
        EVALUATE("evaluate --config RUN"),
        PREDICT("predict --config RUN --input ROOT/prompts.jsonl.gz"),
        MERGE("merge --config RUN --output ROOT/merged"),
        EXPORT("export --config RUN --type F32 --output ROOT/model.gguf"),
        PROMOTE("promote --config RUN --metric loss --pointer ROOT/in-use.json");

        private final String line;

        Command(String line) {
            this.line = line;
        }

        private String[] arguments(String scheme) {
            return line.replace("ROOT", uri(scheme))
                    .replace("RUN", temporary.resolve(scheme + ".yaml").toString())
                    .replace("MODEL", MODEL.toString())
                    .split(" ");
        }
    }

    private record Ended(int code, String err) {}

    /**
     * A command without faults.
     *
     * @param before a copy of the store's folder before the command
     * @param after content of the store after the command
     */
    private record Undisturbed(Path before, Map<String, String> after, int writes, Ended ended) {}

    private static final Map<String, Map<Command, Undisturbed>> UNDISTURBED = new TreeMap<>();

    @BeforeAll
    static void start() {
        spark = SparkSession.builder()
                .master("local[1]")
                .appName("killed-writes-test")
                .config("spark.ui.enabled", false)
                .config("spark.sql.shuffle.partitions", 2)
                .config("spark.hadoop.fs.gs.impl", KillableStore.class.getName())
                .config("spark.hadoop.fs.disk.impl", KillableStore.class.getName())
                .getOrCreate();
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private static Path root(String scheme) {
        return temporary.resolve(scheme);
    }

    private static String uri(String scheme) {
        return scheme + "://bucket" + root(scheme);
    }

    private static String run(String scheme) {
        return """
                model: %s
                task: causal-lm
                data:
                  train: %s/documents.jsonl
                  eval_fraction: 0.2
                  max_length: 24
                  shards: 2
                  corpus: {filters: [gopher_quality], quarantine: %s/quarantine, gopher_quality: {min_doc_words: 5, min_stop_words: 0, min_alpha_words_ratio: 0}}
                  max_bad_fraction: 1
                method: {type: lora, r: 2, init_lora_weights: pissa}
                generation: {max_new_tokens: 2}
                training: {per_device_train_batch_size: 2, save_steps: 2, max_steps: 4, eval_steps: 2, save_total_limit: 1}
                cluster: {ranks: 1}
                output: {dir: "%s/run"}
                """.formatted(MODEL, uri(scheme), uri(scheme), uri(scheme));
    }

    private static String json(String text) {
        return "{\"text\": \"" + text + "\"}";
    }

    /** Writes the sources of a run, and its configuration on this machine. */
    private static void write(String scheme) throws IOException {
        Path root = Files.createDirectories(root(scheme));
        List<String> words = List.of("license", "copyright", "software", "notice", "warranty", "source", "binary");
        List<String> documents = IntStream.range(0, 60)
                .mapToObj(i -> json(IntStream.range(0, 3 + i % 9)
                        .mapToObj(word -> words.get((i + word * word) % words.size()))
                        .reduce("document " + i, (a, b) -> a + " " + b)))
                .toList();
        Files.write(root.resolve("documents.jsonl"), documents);
        // A compressed file is one part, but has several pieces.
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(root.resolve("prompts.jsonl.gz")))) {
            for (int i = 0; i < 2500; i++) {
                out.write((json("license " + i) + "\n").getBytes(StandardCharsets.UTF_8));
            }
        }
        Files.writeString(temporary.resolve(scheme + ".yaml"), run(scheme));
    }

    private static Ended finetune(Command command, String scheme) {
        StringWriter err = new StringWriter();
        try {
            int code = Finetune.execute(
                    SharedSession.opener(spark),
                    question -> Optional.empty(),
                    new PrintWriter(new StringWriter()),
                    new PrintWriter(err, true),
                    command.arguments(scheme));
            return new Ended(code, err.toString());
        } catch (IOError e) {
            return new Ended(1, err + e.toString());
        }
    }

    private static Map<Command, Undisturbed> undisturbed(String scheme) throws IOException {
        Map<Command, Undisturbed> all = new EnumMap<>(Command.class);
        write(scheme);
        for (Command command : Command.values()) {
            Path before = temporary.resolve(scheme + "-before-" + command);
            copy(root(scheme), before);
            KillableStore.begin();
            Ended ended = finetune(command, scheme);
            all.put(command, new Undisturbed(before, content(root(scheme)), KillableStore.writes(), ended));
        }
        return all;
    }

    private static void copy(Path from, Path to) throws IOException {
        delete(to);
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) throws IOException {
                Files.createDirectories(to.resolve(from.relativize(folder).toString()));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                // A dataset depends on the modification times of its sources.
                Files.copy(file, to.resolve(from.relativize(file).toString()), StandardCopyOption.COPY_ATTRIBUTES);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private static void delete(Path folder) throws IOException {
        if (Files.exists(folder)) {
            io.github.sparkfinetune.data.files.HadoopFiles.deleteLocal(folder);
        }
    }

    /** Returns the content of the files, without times and random names. */
    private static Map<String, String> content(Path root) throws IOException {
        Map<String, String> content = new TreeMap<>();
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String name = root.relativize(file).toString();
                // Excludes checkpoints, the status of the last command, and hidden files that a killed process leaves.
                if (!name.matches("run/checkpoints/.*|.*/status\\.json|.*/report\\.html|(.*/)?\\..*")) {
                    content.put(name.replaceFirst("-[0-9a-f]{16}-\\d+\\.parquet$", ".parquet"), content(name, file));
                }
            }
        }
        return content;
    }

    private static String content(String name, Path file) throws IOException {
        if (name.matches(".*\\.(json|jsonl|md|yaml)")) {
            StringBuilder lines = new StringBuilder();
            for (String line : Files.readAllLines(file)) {
                lines.append(
                                name.endsWith(".jsonl") && name.contains("metrics")
                                        ? measured(line)
                                        : line.replaceAll("-[0-9a-f]{16}-\\d+\\.parquet", ".parquet")
                                                .replaceAll("\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z", "TIME")
                                                .replaceAll(
                                                        "(\"\\w*(second|bytes|rss|created)\\w*\" ?: ?)[^,]*", "$1…"))
                        .append('\n');
            }
            return lines.toString();
        }
        return Files.size(file) + " " + HexFormat.of().formatHex(sha256(file));
    }

    private static byte[] sha256(Path file) throws IOException {
        try {
            return java.security.MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String measured(String line) throws IOException {
        JsonNode record = JSON.readTree(line);
        ((ObjectNode) record).retain("step", "loss", "eval");
        return record.toString();
    }

    static Stream<Arguments> cases() {
        return TestMatrix.of(Arrays.stream(Command.values())
                .flatMap(command -> Stream.of(KillableStore.STORE, KillableStore.DISK)
                        .flatMap(scheme ->
                                Arrays.stream(Fault.values()).map(fault -> Arguments.of(command, scheme, fault)))));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void sameCommandAfterAFaultLeavesTheSameFiles(Command command, String scheme, Fault fault) throws IOException {
        if (!UNDISTURBED.containsKey(scheme)) {
            UNDISTURBED.put(scheme, undisturbed(scheme));
        }
        Undisturbed undisturbed = UNDISTURBED.get(scheme).get(command);
        assertThat(undisturbed.ended().code()).as(undisturbed.ended().err()).isZero();
        int writes = undisturbed.writes();
        // Each write is ended, by one of the faults on one of the stores in turn: all of them by each take hours.
        int turns = 2 * Fault.values().length;
        int turn = List.of(Fault.values()).indexOf(fault) * 2 + (scheme.equals(KillableStore.STORE) ? 0 : 1);
        int[] ended = TestMatrix.isFull()
                ? IntStream.rangeClosed(1, writes)
                        .filter(write -> write % turns == turn)
                        .toArray()
                : Arrays.stream(SOME)
                        .mapToInt(share -> (int) Math.ceil(share * writes))
                        .toArray();
        for (int write : ended) {
            copy(undisturbed.before(), root(scheme));
            KillableStore.begin(write, fault);
            Ended first = finetune(command, scheme);
            KillableStore.begin();
            endLeases(root(scheme));

            Ended again = finetune(command, scheme);

            String what = command + " on " + scheme + ", " + fault + " at write " + write + " of " + writes + "\n"
                    + first + "\n" + again;
            // A command that had done all its work is not repeated.
            assertThat(again.code() == 0 || again.err().matches("(?s).*(exists|the file exists already).*"))
                    .as(what)
                    .isTrue();
            assertThat(differences(undisturbed.after(), content(root(scheme))))
                    .as(what)
                    .isEmpty();
        }
    }

    private static List<String> differences(Map<String, String> expected, Map<String, String> actual) {
        Set<String> names = new TreeSet<>(expected.keySet());
        names.addAll(actual.keySet());
        return names.stream()
                .filter(name -> !isSame(name, expected.get(name), actual.get(name)))
                .map(name -> name + " is\n" + actual.get(name) + "\nand should be\n" + expected.get(name))
                .toList();
    }

    private static boolean isSame(String name, String expected, String actual) {
        if (name.endsWith("metrics.jsonl") && expected != null && actual != null) {
            // Spark's heartbeats carry the records; a rank that ends between two heartbeats may lose records of some
            // steps.
            List<String> lines = actual.lines().toList();
            return expected.lines().toList().containsAll(lines)
                    && expected.endsWith("\n" + lines.get(lines.size() - 1) + "\n");
        }
        return Objects.equals(expected, actual);
    }

    /** Gives the leases a process id that no process has, as if their process had ended. */
    private static void endLeases(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.filter(path -> path.getFileName().toString().matches("_PREPARING|_TRAINING"))
                    .toList()) {
                String lease = Files.readString(file);
                Files.writeString(file, lease.replaceFirst("\"process\" ?: ?\\d+", "\"process\":" + Integer.MAX_VALUE));
            }
        }
    }
}
