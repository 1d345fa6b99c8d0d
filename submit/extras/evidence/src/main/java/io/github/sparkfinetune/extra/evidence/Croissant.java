package io.github.sparkfinetune.extra.evidence;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Manifests;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.Path;

/**
 * A prepared dataset in <a href="https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html">Croissant 1.1</a>,
 * JSON-LD that dataset tools read. The folder, the manifest and every shard are a FileObject with its SHA-256; that of
 * the folder is the SHA-256 of the list of hashes. A split is a FileSet of its shards, and a RecordSet with the columns
 * of the Parquet files. It holds no rows and no names of labels.
 *
 * @param name name of the dataset
 * @param date date of the description, ISO 8601
 * @param manifest manifest of the dataset
 * @param hashes hashes of the manifest and the shards
 * @param columns types of the shards' columns in Spark SQL's words, by name
 */
record Croissant(String name, String date, Manifest manifest, FileHashes hashes, Map<String, String> columns) {
    static final String FILE_NAME = "croissant.json";

    private static final String FOLDER = "dataset";
    private static final String PARQUET = "application/x-parquet";

    /** JSON-LD context of Croissant 1.1. */
    private static final String CONTEXT = """
            {"@language": "en", "@vocab": "https://schema.org/", "arrayShape": "cr:arrayShape", "citeAs": "cr:citeAs",
             "column": "cr:column", "conformsTo": "dct:conformsTo", "containedIn": "cr:containedIn",
             "cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/",
             "data": {"@id": "cr:data", "@type": "@json"}, "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
             "dct": "http://purl.org/dc/terms/", "description": {"@container": "@language"},
             "equivalentProperty": "cr:equivalentProperty", "examples": {"@id": "cr:examples", "@type": "@json"},
             "extract": "cr:extract", "field": "cr:field", "fileProperty": "cr:fileProperty",
             "fileObject": "cr:fileObject", "fileSet": "cr:fileSet", "format": "cr:format", "includes": "cr:includes",
             "isArray": "cr:isArray", "isLiveDataset": "cr:isLiveDataset", "jsonPath": "cr:jsonPath", "key": "cr:key",
             "md5": "cr:md5", "name": {"@container": "@language"}, "parentField": "cr:parentField", "path": "cr:path",
             "recordSet": "cr:recordSet", "references": "cr:references", "regex": "cr:regex",
             "repeated": "cr:repeated", "replace": "cr:replace", "samplingRate": "cr:samplingRate",
             "sc": "https://schema.org/", "separator": "cr:separator", "source": "cr:source",
             "subField": "cr:subField", "transform": "cr:transform"}
            """;

    private static final Map<String, String> TYPES = Map.of(
            "int", "cr:Int32",
            "bigint", "cr:Int64",
            "float", "cr:Float32",
            "double", "cr:Float64",
            "boolean", "sc:Boolean",
            "string", "sc:Text");

    private static final Map<String, String> MEANINGS = Map.of(
            "input_ids", "Token ids of the sample, special tokens included",
            "token_type_ids", "Number of the text that each token belongs to",
            "label", "Id of the sample's label",
            "labels", "Label of each token; -100 for a token outside the loss",
            "documents", "Number of tokens of each document in the sample",
            "targets", "Target of each label, or the number to predict",
            "window", "Number of the sample among the windows of its row",
            "offsets", "Begin and end of each token in the row's text",
            "answer", "First and last token of the answer",
            "row", "Data of the row that its tokens do not show, as JSON");

    /** Returns the description as JSON-LD. */
    ObjectNode toJson(Answers answers) {
        ObjectNode dataset = JsonFiles.MAPPER.createObjectNode();
        dataset.set("@context", JsonFiles.parseObject(CONTEXT, FILE_NAME));
        dataset.put("@type", "sc:Dataset")
                .put("conformsTo", "http://mlcommons.org/croissant/1.1")
                .put("name", name.replaceAll("[^A-Za-z0-9_.-]", "-"))
                .put(
                        "description",
                        "Samples of token ids, prepared for " + manifest.task().configName())
                .put("version", "1.0.0")
                .put("datePublished", date)
                .put("url", address(hashes.group().root()));
        answers.of(Answers.Field.LICENSE).ifPresent(license -> dataset.put("license", license));
        answers.of(Answers.Field.PROVIDER)
                .ifPresent(provider -> dataset.putObject("creator")
                        .put("@type", "sc:Organization")
                        .put("name", provider));
        ArrayNode distribution = dataset.putArray("distribution");
        ArrayNode records = dataset.putArray("recordSet");
        folder(distribution.addObject());
        Map<String, String> byName = hashes.byName();
        hashes.group().files().forEach(file -> file(distribution.addObject(), file, byName.get(file.name())));
        manifest.splits().forEach((split, stored) -> {
            files(distribution.addObject(), split, stored);
            records(records.addObject(), split, stored);
        });
        return dataset;
    }

    /** Returns a path that {@code mlcroissant} reads: without the scheme on a machine's own file system. */
    private static String address(String root) {
        Path path = new Path(root);
        String scheme = path.toUri().getScheme();
        return scheme == null || scheme.equals("file") ? path.toUri().getPath() : root;
    }

    private void folder(ObjectNode folder) {
        // Croissant knows no folders; mlcroissant and the Hugging Face Hub take this encoding for a folder's.
        folder.put("@type", "cr:FileObject")
                .put("@id", FOLDER)
                .put("name", FOLDER)
                .put("contentUrl", address(hashes.group().root()))
                .put("encodingFormat", "git+https")
                .put("sha256", hashes.digest());
    }

    private static void file(ObjectNode object, FileGroup.Entry file, String hash) {
        object.put("@type", "cr:FileObject")
                .put("@id", file.name())
                .put("name", file.name())
                .put("contentUrl", file.name())
                .put("contentSize", file.bytes() + " B")
                .put("encodingFormat", Manifests.isManifest(file.name()) ? "application/json" : PARQUET)
                .put("sha256", hash);
        object.putObject("containedIn").put("@id", FOLDER);
    }

    private static void files(ObjectNode set, String split, DatasetSplit stored) {
        set.put("@type", "cr:FileSet")
                .put("@id", shards(split))
                .put("name", shards(split))
                .put("encodingFormat", PARQUET);
        set.putObject("containedIn").put("@id", FOLDER);
        ArrayNode includes = set.putArray("includes");
        stored.shards().forEach(shard -> includes.add(shard.file()));
    }

    private static String shards(String split) {
        return "shards/" + split;
    }

    private void records(ObjectNode set, String split, DatasetSplit stored) {
        String id = "split/" + split;
        set.put("@type", "cr:RecordSet")
                .put("@id", id)
                .put("name", split)
                .put("description", stored.rows() + " samples with " + stored.tokens() + " tokens");
        ArrayNode fields = set.putArray("field");
        columns.forEach((column, type) -> field(fields.addObject(), id, column, type, split));
    }

    private static void field(ObjectNode field, String set, String column, String type, String split) {
        Optional<String> element = type.startsWith("array<")
                ? Optional.of(type.substring("array<".length(), type.length() - 1))
                : Optional.empty();
        field.put("@type", "cr:Field")
                .put("@id", set + "/" + column)
                .put("name", column)
                .put("description", MEANINGS.getOrDefault(column, column))
                .put("dataType", TYPES.getOrDefault(element.orElse(type), "sc:Text"));
        if (element.isPresent()) {
            field.put("isArray", true).put("arrayShape", "-1");
        }
        ObjectNode source = field.putObject("source");
        source.putObject("fileSet").put("@id", shards(split));
        source.putObject("extract").put("column", column);
    }
}
