package io.github.sparkfinetune.extra.tracking;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import io.github.sparkfinetune.conf.GenerationConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.Http;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hub.HubName;
import io.github.sparkfinetune.spark.listener.CommandOnRun;
import java.io.IOException;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.apache.hadoop.fs.Path;

/**
 * Files that make a model folder a model of MLflow with the flavors {@code transformers} and {@code python_function}:
 * {@code MLmodel}, the environment, and the tokenizer's files again in {@code components/tokenizer}, where MLflow looks
 * for them. The weights stay where they are: {@code model_binary} is the folder itself.
 *
 * <p>An adapter has a flavor if it generates text and MLflow can find its base: on the Hugging Face Hub, or in a folder
 * of the file system of every reader. Heads of other adapters have more labels than their base, which MLflow cannot
 * load.
 */
final class MlflowFlavor {
    private static final String MODEL = "model";
    private static final String TOKENIZER = "components/tokenizer";
    private static final String ADAPTER = "adapter_config.json";
    private static final Set<String> NOT_OF_TOKENIZER =
            Set.of("config.json", "generation_config.json", "README.md", ADAPTER);
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSSSSS");
    private static final String PYTHON = "3.11";

    private static final ObjectMapper YAML =
            new ObjectMapper(new YAMLFactory().disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER));

    /**
     * Pipeline of {@code transformers}.
     *
     * @param type class of the pipeline
     * @param inputs columns of the inputs, for MLflow's signature; a null name is the only column
     * @param outputs columns of the outputs
     */
    private record Pipeline(String type, Map<String, String> inputs, Map<String, String> outputs) {}

    private static final Map<String, String> TEXT = Map.of("", "string");

    /** Pipelines with a flavor, by the Hub's name of their task, with the default signatures of MLflow. */
    private static final Map<String, Pipeline> PIPELINES = Map.of(
            "text-classification",
            new Pipeline("TextClassificationPipeline", TEXT, ordered("label", "string", "score", "double")),
            "token-classification",
            new Pipeline("TokenClassificationPipeline", TEXT, TEXT),
            "question-answering",
            new Pipeline("QuestionAnsweringPipeline", ordered("question", "string", "context", "string"), TEXT),
            "fill-mask",
            new Pipeline("FillMaskPipeline", TEXT, TEXT),
            "text-generation",
            new Pipeline("TextGenerationPipeline", TEXT, TEXT));

    private MlflowFlavor() {}

    private static Map<String, String> ordered(String first, String firstType, String second, String secondType) {
        Map<String, String> ordered = new LinkedHashMap<>();
        ordered.put(first, firstType);
        ordered.put(second, secondType);
        return ordered;
    }

    /**
     * Returns the files to add to the files of a model folder; none if MLflow cannot load the model.
     *
     * @param model files of the folder, named {@code model/FILE}
     */
    static List<Artifact> of(CommandOnRun command, List<Artifact> model) throws IOException {
        String tag = TaskSpecs.of(command.run()).usage().pipelineTag();
        Pipeline pipeline = PIPELINES.get(tag);
        boolean isAdapter = has(model, ADAPTER);
        if (pipeline == null || (!isAdapter && !has(model, HfConfig.FILE))) {
            return List.of();
        }
        Optional<ObjectNode> source = isAdapter ? adapter(command, tag) : whole(command);
        if (source.isEmpty()) {
            return List.of();
        }
        ObjectNode flavor = source.get();
        flavor.putNull("code");
        flavor.put("task", tag).put("instance_type", pipeline.type()).put("framework", "pt");
        flavor.putArray("components").add("tokenizer");
        flavor.put("tokenizer_type", "AutoTokenizer");
        List<Artifact> files = new ArrayList<>();
        files.add(text("MLmodel", YAML.writeValueAsString(description(command.run(), tag, pipeline, flavor))));
        List<String> packages = new ArrayList<>(List.of("mlflow>=2.9", "torch", "transformers>=4.48"));
        if (isAdapter) {
            packages.add("peft");
        }
        files.add(text("requirements.txt", String.join("\n", packages) + "\n"));
        files.add(text("conda.yaml", YAML.writeValueAsString(conda(packages))));
        files.add(text("python_env.yaml", YAML.writeValueAsString(pythonEnvironment())));
        for (Artifact file : model) {
            String name = file.name().substring(MODEL.length() + 1);
            if (isOfTokenizer(name)) {
                files.add(new Artifact(MODEL + "/" + TOKENIZER + "/" + name, file.body()));
            }
        }
        return files;
    }

    private static boolean has(List<Artifact> model, String file) {
        return model.stream().anyMatch(artifact -> artifact.name().equals(MODEL + "/" + file));
    }

    private static boolean isOfTokenizer(String name) {
        return !NOT_OF_TOKENIZER.contains(name)
                && name.matches(".*\\.(json|txt|model|jinja)")
                && !name.contains("index");
    }

    private static Artifact text(String name, String text) {
        return new Artifact(MODEL + "/" + name, Http.Body.of(text));
    }

    /** Returns the model's part of the flavor for a folder with all weights. */
    private static Optional<ObjectNode> whole(CommandOnRun command) throws IOException {
        ObjectNode config = config(command, command.output(MODEL));
        ObjectNode flavor = JsonFiles.MAPPER
                .createObjectNode()
                .put("model_binary", ".")
                .put("source_model_name", HubName.idOf(command.run().model()));
        return typed(flavor, config);
    }

    /** Returns the model's part of the flavor for an adapter, or empty if MLflow cannot load its base. */
    private static Optional<ObjectNode> adapter(CommandOnRun command, String tag) throws IOException {
        String base = AbsolutePaths.of("model", command.run().model(), command.hadoop());
        Path folder = new Path(base);
        Optional<HubName> hub = HubName.ofSnapshot(base);
        if (!tag.equals("text-generation")
                || (hub.isEmpty() && !"file".equals(folder.toUri().getScheme()))) {
            return Optional.empty();
        }
        ObjectNode flavor = JsonFiles.MAPPER.createObjectNode().put("peft_adaptor", ".");
        if (hub.isPresent()) {
            String name = hub.get().repository();
            String revision = hub.get().revision();
            flavor.put("source_model_name", name).put("source_model_revision", revision);
            flavor.put("tokenizer_name", name).put("tokenizer_revision", revision);
        } else {
            flavor.put("source_model_name", folder.toUri().getPath());
            flavor.put("local_base_model_path", folder.toUri().getPath());
        }
        return typed(flavor, config(command, folder));
    }

    private static ObjectNode config(CommandOnRun command, Path folder) throws IOException {
        Path file = new Path(folder, HfConfig.FILE);
        return JsonFiles.parseObject(
                HadoopFiles.readText(HadoopFiles.fileSystem(file, command.hadoop()), file), file.toString());
    }

    /** Adds class and dtype of a model; empty if its configuration has no class. */
    private static Optional<ObjectNode> typed(ObjectNode flavor, ObjectNode config) {
        String type = config.at("/architectures/0").asText();
        String dtype = config.path("dtype").asText(config.path("torch_dtype").asText());
        if (!dtype.isEmpty()) {
            flavor.put("torch_dtype", "torch." + dtype);
        }
        return type.isEmpty() ? Optional.empty() : Optional.of(flavor.put("pipeline_model_type", type));
    }

    private static ObjectNode description(RunConfig run, String tag, Pipeline pipeline, ObjectNode transformers) {
        ObjectNode description = JsonFiles.MAPPER.createObjectNode().put("artifact_path", MODEL);
        ObjectNode flavors = description.putObject("flavors");
        ObjectNode python = flavors.putObject("python_function")
                .put("loader_module", "mlflow.transformers")
                .put("python_version", PYTHON);
        python.putObject("env").put("conda", "conda.yaml").put("virtualenv", "python_env.yaml");
        ObjectNode arguments = arguments(run, tag);
        if (!arguments.isEmpty()) {
            python.set("config", arguments);
        }
        flavors.set("transformers", transformers);
        description.put("model_uuid", UUID.randomUUID().toString().replace("-", ""));
        description
                .putObject("signature")
                .put("inputs", columns(pipeline.inputs()))
                .put("outputs", columns(pipeline.outputs()))
                .putNull("params");
        return description.put(
                "utc_time_created", LocalDateTime.now(ZoneOffset.UTC).format(TIME));
    }

    /** Returns the arguments of the pipeline with which it predicts as this run does. */
    private static ObjectNode arguments(RunConfig run, String tag) {
        ObjectNode arguments = JsonFiles.MAPPER.createObjectNode();
        int maxLength = run.data().maxLength();
        switch (tag) {
            case "text-classification" -> arguments.put("truncation", true).put("max_length", maxLength);
            case "token-classification" -> arguments.put("aggregation_strategy", "first");
            case "question-answering" -> {
                if (run.data().stride() != null) {
                    arguments.put("doc_stride", run.data().stride());
                }
                arguments
                        .put("max_seq_len", maxLength)
                        .put("align_to_words", false)
                        .put("max_answer_len", run.questionAnswering().maxAnswerLength())
                        .put("handle_impossible_answer", run.questionAnswering().version2WithNegative());
            }
            case "text-generation" -> {
                GenerationConfig generation = run.generation();
                arguments
                        .put("max_new_tokens", generation.maxNewTokens())
                        .put("do_sample", generation.doSample())
                        .put("repetition_penalty", generation.repetitionPenalty())
                        .put("return_full_text", false);
                if (generation.doSample()) {
                    arguments
                            .put("temperature", generation.temperature())
                            .put("top_k", generation.topK())
                            .put("top_p", generation.topP());
                }
            }
            default -> {
                // The pipeline's own arguments are those of the run.
            }
        }
        return arguments;
    }

    /** Returns the columns as MLflow's JSON. */
    private static String columns(Map<String, String> columns) {
        ArrayNode array = JsonFiles.MAPPER.createArrayNode();
        columns.forEach((name, type) -> {
            ObjectNode column = array.addObject().put("type", type);
            if (!name.isEmpty()) {
                column.put("name", name);
            }
            column.put("required", true);
        });
        return array.toString();
    }

    private static ObjectNode conda(List<String> packages) {
        ObjectNode conda = JsonFiles.MAPPER.createObjectNode();
        conda.putArray("channels").add("conda-forge");
        ArrayNode dependencies =
                conda.putArray("dependencies").add("python=" + PYTHON).add("pip");
        ArrayNode pip = dependencies.addObject().putArray("pip");
        packages.forEach(pip::add);
        return conda.put("name", "mlflow-env");
    }

    private static ObjectNode pythonEnvironment() {
        ObjectNode environment = JsonFiles.MAPPER.createObjectNode().put("python", PYTHON);
        environment.putArray("build_dependencies").add("pip").add("setuptools").add("wheel");
        environment.putArray("dependencies").add("-r requirements.txt");
        return environment;
    }
}
