package io.github.sparkfinetune.core.tensor;

import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What Python writes and the parser of TorchScript archives wants otherwise: {@code F.silu} is {@code torch.silu},
 * {@code torch.ops.aten} is {@code ops.aten}, a dtype is the number of its {@code c10::ScalarType}, and a comma can't
 * stand before a closing brace. Strings and comments stay as they are.
 */
final class ScriptNames {
    /** 1: a string or a comment, 2: a name with what is selected from it; else a comma too many. */
    private static final Pattern TOKEN = Pattern.compile("(\"\"\"(?s:.*?)\"\"\"|'''(?s:.*?)'''"
            + "|\"(?:\\\\.|[^\"\\\\\\n])*\"|'(?:\\\\.|[^'\\\\\\n])*'|#[^\\n]*)"
            + "|(?<![\\w.])([A-Za-z_]\\w*(?:\\.[A-Za-z_]\\w*)*)"
            + "|,(?=\\s*\\})");

    private static final Map<String, String> NAMES = Map.ofEntries(
            Map.entry("torch.uint8", "0"),
            Map.entry("torch.int8", "1"),
            Map.entry("torch.int16", "2"),
            Map.entry("torch.int32", "3"),
            Map.entry("torch.int64", "4"),
            Map.entry("torch.float16", "5"),
            Map.entry("torch.float32", "6"),
            Map.entry("torch.float64", "7"),
            Map.entry("torch.bool", "11"),
            Map.entry("torch.bfloat16", "15"),
            Map.entry("torch.autograd.grad", "torch.grad"));

    private static final Map<String, String> PREFIXES =
            Map.of("F.", "torch.", "torch.ops.", "ops.", "torch.linalg.", "torch.linalg_");

    private ScriptNames() {}

    /** The same text as archives have it, with as many lines. */
    static String mapped(String text) {
        return TOKEN.matcher(text).replaceAll(token -> Matcher.quoteReplacement(mapped(token)));
    }

    private static String mapped(MatchResult token) {
        if (token.group(1) != null) {
            return token.group();
        }
        return token.group(2) == null ? "" : name(token.group());
    }

    private static String name(String name) {
        String whole = NAMES.get(name);
        if (whole != null) {
            return whole;
        }
        for (Map.Entry<String, String> prefix : PREFIXES.entrySet()) {
            if (name.startsWith(prefix.getKey())) {
                return prefix.getValue() + name.substring(prefix.getKey().length());
            }
        }
        return name;
    }

    /** The text with blanks instead of strings and comments, each line as long as before. */
    static String masked(String text) {
        return TOKEN.matcher(text)
                .replaceAll(token -> Matcher.quoteReplacement(
                        token.group(1) == null ? token.group() : token.group().replaceAll("[^\\n]", " ")));
    }
}
