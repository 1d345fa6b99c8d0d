package io.github.sparkfinetune.core.arch;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * llama.cpp's names of a tokenizer in a GGUF file. llama.cpp has two kinds of tokenizers. For the first kind it lists
 * ways to split a text into words, each implemented in {@code llama-vocab.cpp}. This class knows the ways of this
 * package's decoders. It recognises them by the content of {@code tokenizer.json}, not by hashes of tokens as the
 * converter does.
 *
 * @param model value of {@code tokenizer.ggml.model}
 * @param pre value of {@code tokenizer.ggml.pre}
 * @param isByteLevel whether tokens are bytes joined by merges; otherwise tokens are pieces of text with scores, with
 *     extra tokens for single bytes
 * @param addsSpacePrefix whether a text gets a space before its first word; never for bytes
 */
public record GgufTokenizer(String model, String pre, boolean isByteLevel, boolean addsSpacePrefix) {
    private static final String CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|";
    private static final String REST = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private static final String BYTES_OF_WORDS = "ByteLevel(false, true)";
    private static final String BYTES = "ByteLevel(false, false)";
    private static final String SPACE_TO_MARK = "Replace( , \u2581)";

    /** Known tokenizers by "model; normalizer; pre-tokenizer". */
    private static final Map<String, GgufTokenizer> KNOWN = Map.of(
            "BPE; ; " + BYTES_OF_WORDS,
            bytes("gpt-2"),
            "BPE; ; Digits(true), " + BYTES_OF_WORDS,
            bytes("smollm"),
            "BPE ignore_merges; ; " + words(CONTRACTION + "\\p{N}{1,3}" + REST),
            bytes("llama-bpe"),
            "BPE; ; " + words(CONTRACTION + "\\p{N}" + REST),
            bytes("qwen2"),
            "BPE; NFC; " + words(CONTRACTION + "\\p{N}" + REST),
            bytes("qwen2"),
            "BPE byte_fallback; Prepend(\u2581), " + SPACE_TO_MARK + "; ",
            pieces(true),
            "BPE byte_fallback; " + SPACE_TO_MARK + "; ",
            pieces(false),
            "BPE byte_fallback; ; Metaspace(\u2581, always, false)",
            pieces(true),
            "BPE byte_fallback; ; Metaspace(\u2581, never, false)",
            pieces(false));

    private static String words(String regex) {
        return "Split(" + regex + ", Isolated, false), " + BYTES;
    }

    private static GgufTokenizer bytes(String pre) {
        return new GgufTokenizer("gpt2", pre, true, false);
    }

    private static GgufTokenizer pieces(boolean addsSpacePrefix) {
        return new GgufTokenizer("llama", "default", false, addsSpacePrefix);
    }

    /**
     * Returns a tokenizer's names; empty if llama.cpp has no tokenizer that splits texts in the same way, or it is not
     * listed here.
     *
     * @param tokenizer content of {@code tokenizer.json}
     */
    public static Optional<GgufTokenizer> of(JsonNode tokenizer) {
        return Optional.ofNullable(KNOWN.get(form(tokenizer)));
    }

    /** Returns the settings that decide how a text is split, on one line. */
    private static String form(JsonNode tokenizer) {
        JsonNode model = tokenizer.path("model");
        StringBuilder form = new StringBuilder(model.path("type").asText());
        for (String flag : List.of("byte_fallback", "ignore_merges")) {
            form.append(model.path(flag).asBoolean() ? " " + flag : "");
        }
        for (String affix : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
            form.append(model.path(affix).asText("").isEmpty() ? "" : " " + affix);
        }
        return form + "; " + steps(tokenizer.path("normalizer"), "normalizers") + "; "
                + steps(tokenizer.path("pre_tokenizer"), "pretokenizers");
    }

    private static String steps(JsonNode step, String children) {
        if (!step.isObject()) {
            return "";
        }
        List<String> steps = new ArrayList<>();
        if (step.path("type").asText().equals("Sequence")) {
            step.path(children).forEach(child -> steps.add(steps(child, children)));
        } else {
            steps.add(step(step));
        }
        return String.join(", ", steps);
    }

    private static String step(JsonNode step) {
        String type = step.path("type").asText();
        return switch (type) {
            case "ByteLevel" ->
                call(
                        type,
                        step.path("add_prefix_space").asBoolean(true),
                        step.path("use_regex").asBoolean(true));
            case "Digits" -> call(type, step.path("individual_digits").asBoolean());
            case "Split" ->
                call(
                        type,
                        step.path("pattern").path("Regex").asText(),
                        step.path("behavior").asText(),
                        step.path("invert").asBoolean());
            case "Prepend" -> call(type, step.path("prepend").asText());
            case "Replace" ->
                call(
                        type,
                        step.path("pattern").path("String").asText(),
                        step.path("content").asText());
            case "Metaspace" ->
                call(
                        type,
                        step.path("replacement").asText(),
                        step.path("prepend_scheme").asText(),
                        step.path("split").asBoolean(true));
            case "NFC" -> type;
            default -> call(type, step);
        };
    }

    private static String call(String type, Object... arguments) {
        List<String> texts = new ArrayList<>();
        for (Object argument : arguments) {
            texts.add(argument.toString());
        }
        return type + "(" + String.join(", ", texts) + ")";
    }
}
