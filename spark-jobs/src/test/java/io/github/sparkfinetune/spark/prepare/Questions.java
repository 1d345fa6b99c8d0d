package io.github.sparkfinetune.spark.prepare;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Synthetic questions: which word follows another word. */
public final class Questions {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Number of questions about a context. */
    private static final int OF_CONTEXT = 3;

    private Questions() {}

    /** Returns the text of a context, with a character that has one unit in Python and two in Java. */
    static String context(int number) {
        return "\uD83D\uDE00 " + PrepareFixture.text(number) + " the author" + number + " grants it";
    }

    /**
     * Returns rows with the columns id, question, context and answers, with two answers each.
     *
     * @param unanswerable interval between rows without an answer, or 0 for none
     */
    public static List<Map<String, Object>> rows(int count, int unanswerable) {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String context = context(i / OF_CONTEXT);
            int author = context.codePointCount(0, context.indexOf("author"));
            String name = "author" + i / OF_CONTEXT;
            boolean answerable = unanswerable == 0 || i % unanswerable != 0;
            List<Map<String, Object>> answers = answerable
                    ? List.of(answer(name, author), answer("the " + name, author - "the ".length()))
                    : List.of();
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("id", "q" + i);
            row.put("question", answerable ? "who grants it, " + i + "?" : "who does not, " + i + "?");
            row.put("context", context);
            row.put("answers", answers);
            rows.add(row);
        }
        return rows;
    }

    private static Map<String, Object> answer(String text, int start) {
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("text", text);
        answer.put("answer_start", start);
        return answer;
    }

    /** Returns the answers in the form of the datasets library. */
    static Map<String, Object> columns(Object answers) {
        List<?> list = (List<?>) answers;
        return Map.of(
                "text",
                list.stream().map(answer -> ((Map<?, ?>) answer).get("text")).toList(),
                "answer_start",
                list.stream()
                        .map(answer -> ((Map<?, ?>) answer).get("answer_start"))
                        .toList());
    }

    /**
     * Writes rows as one line of SQuAD's JSON, with a few paragraphs per article and titles of this many characters.
     */
    public static Path squad(Path file, List<Map<String, Object>> rows, int title) throws IOException {
        List<Map<String, Object>> articles = new ArrayList<>();
        List<Map<String, Object>> paragraphs = new ArrayList<>();
        for (int i = 0; i < rows.size(); i += OF_CONTEXT) {
            List<Map<String, Object>> ofContext = rows.subList(i, Math.min(rows.size(), i + OF_CONTEXT));
            List<Map<String, Object>> questions = new ArrayList<>();
            for (Map<String, Object> row : ofContext) {
                Map<String, Object> question = new LinkedHashMap<>(row);
                question.remove("context");
                question.put("is_impossible", ((List<?>) row.get("answers")).isEmpty());
                questions.add(question);
            }
            paragraphs.add(Map.of("context", ofContext.get(0).get("context"), "qas", questions));
            if (paragraphs.size() == 4 || i + OF_CONTEXT >= rows.size()) {
                articles.add(Map.of("title", "x".repeat(title), "paragraphs", List.copyOf(paragraphs)));
                paragraphs.clear();
            }
        }
        Files.writeString(file, JSON.writeValueAsString(Map.of("version", "v2.0", "data", articles)));
        return file;
    }

    /** Writes rows as JSON lines, with answers in the form of the datasets library. */
    static Path lines(Path file, List<Map<String, Object>> rows) throws IOException {
        List<String> lines = new ArrayList<>();
        for (Map<String, Object> row : rows) {
            Map<String, Object> flat = new LinkedHashMap<>(row);
            flat.put("answers", columns(row.get("answers")));
            lines.add(JSON.writeValueAsString(flat));
        }
        return Files.write(file, lines);
    }

    /** Writes rows as CSV, with answers as JSON. */
    static Path csv(Path file, List<Map<String, Object>> rows) throws IOException {
        List<String> columns = List.of("id", "question", "context", "answers");
        List<String> lines = new ArrayList<>(List.of(String.join(",", columns)));
        for (Map<String, Object> row : rows) {
            List<String> values = new ArrayList<>();
            for (String column : columns) {
                Object value = row.get(column);
                String text = value instanceof String plain ? plain : JSON.writeValueAsString(value);
                values.add("\"" + text.replace("\"", "\"\"") + "\"");
            }
            lines.add(String.join(",", values));
        }
        return Files.write(file, lines);
    }

    /** Returns ids with numbers from 0. */
    static List<String> ids(int count) {
        return IntStream.range(0, count).mapToObj(i -> "q" + i).toList();
    }
}
