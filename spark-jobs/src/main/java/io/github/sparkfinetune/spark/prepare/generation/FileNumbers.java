package io.github.sparkfinetune.spark.prepare.generation;

import io.github.sparkfinetune.spark.files.ListedFile;
import java.io.Serializable;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.Path;

/** Numbers of the files of one source in a generation, by the names that rows have. */
public final class FileNumbers implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final String LOCAL = "file:///";

    private final Map<String, Integer> numbers = new HashMap<>();

    /** @param first number of the first file */
    FileNumbers(List<ListedFile> files, int first) {
        for (int i = 0; i < files.size(); i++) {
            numbers.put(files.get(i).path(), first + i);
        }
    }

    /**
     * Returns the number of a row's file.
     *
     * @param file name of the file as Spark gives it: a path, or a URI with escapes
     */
    public int of(String file) {
        String plain = file.startsWith(LOCAL) ? "file:/" + file.substring(LOCAL.length()) : file;
        Integer number = numbers.get(plain);
        if (number == null) {
            number = numbers.get(new Path(URI.create(plain)).toString());
        }
        if (number == null) {
            throw new IllegalStateException("a row is from " + file + ", which is not a new file of its source");
        }
        return number;
    }
}
