package io.github.sparkfinetune.data.task.question;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.error.RunException;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * The questions of a file of SQuAD, version 1 or 2, each as a JSON object with the {@link #COLUMNS} that it has:
 *
 * <pre>
 * {"data": [{"paragraphs": [{"context": …, "qas": [{"id": …, "question": …, "answers": […]}, …]}, …]}, …]}
 * </pre>
 *
 * <p>Other fields are ignored. Only one paragraph is in memory at a time, however long the lines of the file are. A
 * file may be read in slices, each by a reader of its own that skips the paragraphs before.
 */
public final class SquadFile implements Iterator<String>, Closeable {
    /** Names of the fields of a question. */
    public static final List<String> COLUMNS = List.of("id", "question", "context", "answers");

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_UNESCAPED_CONTROL_CHARS)
            .build();

    /** Part of the file to which the next token belongs. */
    private enum Place {
        START,
        FILE,
        ARTICLES,
        ARTICLE,
        PARAGRAPHS,
        END
    }

    private final String name;
    private final JsonParser parser;
    private final long from;
    private final long to;
    private final Deque<String> ready = new ArrayDeque<>();
    private Place place = Place.START;
    private boolean data;
    private boolean paragraphs;
    private int article = -1;
    private int paragraph;

    /**
     * Opens a slice of a file.
     *
     * @param name name of the file, for messages
     * @param in decompressed file from its beginning; closed with this reader
     * @param from paragraphs that begin before this byte belong to another slice
     * @param to paragraphs that begin at or behind this byte belong to another slice. The slice that reaches to
     *     {@link Long#MAX_VALUE} also checks the end of the file
     */
    public SquadFile(String name, InputStream in, long from, long to) throws IOException {
        this.name = name;
        this.parser = JSON.getFactory().createParser(in);
        this.from = from;
        this.to = to;
    }

    /** @throws RunException with file, line and column, if the file is not SQuAD's */
    @Override
    public boolean hasNext() {
        try {
            while (ready.isEmpty() && place != Place.END) {
                advance();
            }
        } catch (JsonProcessingException e) {
            throw malformed(
                    "is not JSON (" + e.getOriginalMessage().lines().findFirst().orElse("") + ")", e.getLocation());
        } catch (IOException e) {
            throw new UncheckedIOException(name + ": " + e.getMessage(), e);
        }
        return !ready.isEmpty();
    }

    @Override
    public String next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        return ready.removeFirst();
    }

    private void advance() throws IOException {
        JsonToken token = parser.nextToken();
        switch (place) {
            case START -> {
                require(token == JsonToken.START_OBJECT, "begins with no object");
                place = Place.FILE;
            }
            case FILE -> {
                if (token == JsonToken.END_OBJECT) {
                    require(data, "has no list data");
                    require(parser.nextToken() == null, "goes on behind its object");
                    place = Place.END;
                } else if (enters("data")) {
                    data = true;
                    place = Place.ARTICLES;
                }
            }
            case ARTICLES -> {
                if (token == JsonToken.END_ARRAY) {
                    place = Place.FILE;
                } else {
                    article++;
                    require(token == JsonToken.START_OBJECT, "data[" + article + "] is no object");
                    paragraphs = false;
                    place = Place.ARTICLE;
                }
            }
            case ARTICLE -> {
                if (token == JsonToken.END_OBJECT) {
                    require(paragraphs, "data[" + article + "] has no list paragraphs");
                    place = Place.ARTICLES;
                } else if (enters("paragraphs")) {
                    paragraphs = true;
                    paragraph = -1;
                    place = Place.PARAGRAPHS;
                }
            }
            case PARAGRAPHS -> {
                if (token == JsonToken.END_ARRAY) {
                    place = Place.ARTICLE;
                } else {
                    paragraph++;
                    require(token == JsonToken.START_OBJECT, where() + " is no object");
                    paragraph();
                }
            }
            case END -> throw new IllegalStateException("nothing is read behind the end");
        }
    }

    /** Enters the list in a field of this name, or skips any other field; returns whether it entered a list. */
    private boolean enters(String field) throws IOException {
        boolean requested = parser.currentName().equals(field);
        JsonToken value = parser.nextToken();
        if (requested && value == JsonToken.START_ARRAY) {
            return true;
        }
        parser.skipChildren();
        return false;
    }

    private void paragraph() throws IOException {
        JsonLocation begin = parser.currentTokenLocation();
        // Other encodings than UTF-8 have no byte offsets; then the first slice has the whole file.
        long offset = Math.max(0, begin.getByteOffset());
        if (offset >= to) {
            place = Place.END;
        } else if (offset < from) {
            parser.skipChildren();
        } else {
            JsonNode read = JSON.readTree(parser);
            if (!read.path("context").isTextual() || !read.path("qas").isArray()) {
                throw malformed(where() + " has no text context or no list qas", begin);
            }
            for (JsonNode asked : read.path("qas")) {
                if (!asked.path("question").isTextual()) {
                    throw malformed(where() + " has a question without a text question", begin);
                }
                ready.add(question(read, asked).toString());
            }
        }
    }

    private static ObjectNode question(JsonNode paragraph, JsonNode asked) {
        ObjectNode question = JSON.createObjectNode();
        for (String column : COLUMNS) {
            JsonNode value = asked.path(column);
            if (!value.isMissingNode()) {
                question.set(column, value);
            }
        }
        return question.set("context", paragraph.path("context"));
    }

    private String where() {
        return "data[" + article + "].paragraphs[" + paragraph + "]";
    }

    private void require(boolean holds, String otherwise) {
        if (!holds) {
            throw malformed(otherwise, parser.currentTokenLocation());
        }
    }

    private RunException malformed(String what, JsonLocation at) {
        return RunException.data(name + ", line " + at.getLineNr() + ", column " + Math.max(1, at.getColumnNr()) + ": "
                + what + ": it must be SQuAD's JSON, with data, paragraphs, context, qas and question");
    }

    @Override
    public void close() throws IOException {
        parser.close();
    }
}
