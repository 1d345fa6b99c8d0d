package io.github.sparkfinetune.data.jinja.syntax;

import io.github.sparkfinetune.data.jinja.syntax.Token.Kind;
import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import io.github.sparkfinetune.data.jinja.value.Text;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Splits template text into tokens, by the rules of Jinja2's lexer as {@code transformers} configures it.
 *
 * <p>{@code trim_blocks} drops the newline after a block or comment, {@code lstrip_blocks} the indentation before it.
 * {@code -} and {@code +} at either side of a tag and {@code raw} blocks are supported. One trailing newline of the
 * whole template is dropped.
 */
final class Lexer {
    private static final Pattern RAW_BEGIN = Pattern.compile("\\{%[-+]?\\s*raw\\s*(-%\\}\\s*|%\\})");
    private static final Pattern RAW_END = Pattern.compile("\\{%([-+]?)\\s*endraw\\s*(?:\\+%\\}|-%\\}\\s*|%\\}\\n?)");
    private static final Pattern FLOAT = Pattern.compile(
            "(?<!\\.)(?:\\d+_)*\\d+(?:(?:\\.(?:\\d+_)*\\d+)?[eE][+-]?(?:\\d+_)*\\d+|\\.(?:\\d+_)*\\d+)");
    private static final Pattern INTEGER = Pattern.compile("0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?\\d)*|0(?:_?0)*");
    private static final String[] OPERATORS = {
        "**", "//", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=",
        ".", ":", "|", ",", ";"
    };

    private static final int LONGEST_NUMBER = 100;

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private final Deque<String> open = new ArrayDeque<>();
    private int at;
    private int line = 1;
    private int counted;

    private Lexer(String source) {
        this.source = source;
    }

    /** Returns all tokens of a template, {@link Kind#END} last. */
    static List<Token> tokens(String template) {
        String source = template.replace("\r\n", "\n").replace('\r', '\n');
        Lexer lexer = new Lexer(source.endsWith("\n") ? source.substring(0, source.length() - 1) : source);
        lexer.run();
        return lexer.tokens;
    }

    private void run() {
        while (at < source.length()) {
            int tag = nextTag();
            if (tag < 0) {
                data(source.substring(at));
                at = source.length();
                break;
            }
            char kind = source.charAt(tag + 1);
            char sign = tag + 2 < source.length() ? source.charAt(tag + 2) : ' ';
            data(stripped(source.substring(at, tag), sign, kind == '{'));
            at = tag;
            Matcher raw = RAW_BEGIN.matcher(source).region(tag, source.length());
            if (kind == '%' && raw.lookingAt()) {
                at = raw.end();
                raw();
                continue;
            }
            at = tag + (sign == '-' || sign == '+' ? 3 : 2);
            switch (kind) {
                case '#' -> comment();
                case '%' -> tag(Kind.BLOCK_BEGIN, Kind.BLOCK_END, "%}");
                default -> tag(Kind.VARIABLE_BEGIN, Kind.VARIABLE_END, "}}");
            }
        }
        add(Kind.END, "", null);
    }

    private int nextTag() {
        for (int i = source.indexOf('{', at); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            if ("%{#".indexOf(source.charAt(i + 1)) >= 0) {
                return i;
            }
        }
        return -1;
    }

    /** Returns the text before a tag without the white space that the tag strips. */
    private String stripped(String text, char sign, boolean beforeVariable) {
        if (sign == '-') {
            return Text.strip(text, null, false, true);
        }
        if (sign != '+' && !beforeVariable) {
            int lineStart = text.lastIndexOf('\n') + 1;
            boolean startsLine = lineStart > 0 || at == 0 || source.charAt(at - 1) == '\n';
            if (startsLine && text.substring(lineStart).codePoints().allMatch(Text::isSpace)) {
                return text.substring(0, lineStart);
            }
        }
        return text;
    }

    private void data(String text) {
        if (!text.isEmpty()) {
            add(Kind.DATA, "", text);
        }
    }

    private void raw() {
        Matcher end = RAW_END.matcher(source);
        if (!end.find(at)) {
            throw new TemplateFault("a raw block has no endraw", lineAt(at));
        }
        String sign = end.group(1);
        data(stripped(source.substring(at, end.start()), sign.isEmpty() ? ' ' : sign.charAt(0), false));
        at = end.end();
    }

    private void comment() {
        int end = source.indexOf("#}", at);
        if (end < 0) {
            throw new TemplateFault("a comment has no end #}", lineAt(at));
        }
        char sign = end > at ? source.charAt(end - 1) : ' ';
        at = end + 2;
        afterTag(sign, true);
    }

    private void afterTag(char sign, boolean trims) {
        if (sign == '-') {
            skipSpace();
        } else if (sign != '+' && trims && at < source.length() && source.charAt(at) == '\n') {
            at++;
        }
    }

    private void skipSpace() {
        while (at < source.length() && Text.isSpace(source.charAt(at))) {
            at++;
        }
    }

    private void tag(Kind begin, Kind end, String endText) {
        int start = lineAt(at);
        add(begin, "", null);
        while (true) {
            skipSpace();
            if (at >= source.length()) {
                throw new TemplateFault("a " + begin + " has no " + endText, start);
            }
            char sign = source.charAt(at);
            boolean signed = sign == '-' || (sign == '+' && end == Kind.BLOCK_END);
            int length = source.startsWith(endText, at) ? 2 : signed && source.startsWith(endText, at + 1) ? 3 : 0;
            if (open.isEmpty() && length > 0) {
                add(end, "", null);
                at += length;
                afterTag(length == 3 ? sign : ' ', end == Kind.BLOCK_END);
                return;
            }
            token();
        }
    }

    private void token() {
        char c = source.charAt(at);
        Matcher number = FLOAT.matcher(source)
                .region(at, Math.min(source.length(), at + LONGEST_NUMBER))
                .useTransparentBounds(true);
        if (number.lookingAt()) {
            literal(Double.valueOf(number.group().replace("_", "")), number.end());
        } else if (number.usePattern(INTEGER).lookingAt()) {
            literal(integer(number.group().replace("_", "")), number.end());
        } else if (isNamePart(c)) {
            int end = at;
            while (end < source.length() && isNamePart(source.charAt(end))) {
                end++;
            }
            add(Kind.NAME, source.substring(at, end), null);
            at = end;
        } else if (c == '\'' || c == '"') {
            int end = at + 1;
            while (end < source.length() && source.charAt(end) != c) {
                end += source.charAt(end) == '\\' ? 2 : 1;
            }
            if (end >= source.length()) {
                throw new TemplateFault("a string has no closing " + c, lineAt(at));
            }
            literal(StringLiteral.value(source.substring(at + 1, end), lineAt(at)), end + 1);
        } else {
            operator();
        }
    }

    private static boolean isNamePart(char c) {
        return c == '_' || Character.isLetterOrDigit(c);
    }

    private Long integer(String digits) {
        try {
            return Long.decode(
                    digits.startsWith("0")
                                    && !digits.toLowerCase(java.util.Locale.ROOT)
                                            .startsWith("0x")
                            ? "0"
                            : digits);
        } catch (NumberFormatException e) {
            throw new TemplateFault("the number " + digits + " does not fit 64 bits", lineAt(at));
        }
    }

    private void literal(Object value, int end) {
        add(Kind.LITERAL, "", value);
        at = end;
    }

    private void operator() {
        for (String operator : OPERATORS) {
            if (source.startsWith(operator, at)) {
                balance(operator);
                add(Kind.OPERATOR, operator, null);
                at += operator.length();
                return;
            }
        }
        throw new TemplateFault("unexpected character '" + source.charAt(at) + "'", lineAt(at));
    }

    private void balance(String operator) {
        switch (operator) {
            case "{" -> open.push("}");
            case "(" -> open.push(")");
            case "[" -> open.push("]");
            case "}", ")", "]" -> {
                if (open.isEmpty() || !open.pop().equals(operator)) {
                    throw new TemplateFault("unexpected '" + operator + "'", lineAt(at));
                }
            }
            default -> {}
        }
    }

    private void add(Kind kind, String text, Object value) {
        tokens.add(new Token(kind, text, value, lineAt(at)));
    }

    private int lineAt(int position) {
        for (; counted < position; counted++) {
            if (source.charAt(counted) == '\n') {
                line++;
            }
        }
        return line;
    }
}
