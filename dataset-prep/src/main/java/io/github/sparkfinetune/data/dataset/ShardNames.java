package io.github.sparkfinetune.data.dataset;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names of shards: {@code SPLIT/part-SHARD-RUN-ATTEMPT.parquet}. SHARD is the number of the shard in five digits or
 * more, RUN the run that wrote it in 16 hexadecimal digits, and ATTEMPT Spark's number of the task's attempt. A shard
 * of a {@link Generation} is named {@code SPLIT/part-SHARD-gGENERATION-RUN-ATTEMPT.parquet}, with the number of the
 * generation. Version 0.1 wrote {@code SPLIT/part-SHARD.parquet}.
 */
public final class ShardNames {
    private static final Pattern SHARD =
            Pattern.compile("part-(\\d{5,})(?:-g(\\d+))?(?:-([0-9a-f]{16})-\\d+)?\\.parquet");
    private static final int GENERATION = 2;
    private static final int RUN = 3;

    private ShardNames() {}

    /**
     * Returns the path of a new shard in the dataset's folder.
     *
     * @param split name of the split, or of the folder of an index
     * @param generation number of the shard's generation; 0 if the dataset does not grow
     */
    public static String of(String split, int shard, int generation, String run, long attempt) {
        String added = generation == 0 ? "" : "-g" + generation;
        return String.format(Locale.ROOT, "%s/part-%05d%s-%s-%d.parquet", split, shard, added, run, attempt);
    }

    private static Matcher name(String path) {
        return SHARD.matcher(path.substring(path.lastIndexOf('/') + 1));
    }

    /** Returns whether a file in a split's folder is a shard. */
    public static boolean isShard(String path) {
        return name(path).matches();
    }

    /** Returns whether a run has written a shard. */
    public static boolean isOf(String run, String path) {
        Matcher name = name(path);
        return name.matches() && run.equals(name.group(RUN));
    }

    /** Returns the number of a shard's generation; 0 if the dataset does not grow. */
    public static int generation(String path) {
        Matcher name = name(path);
        return name.matches() && name.group(GENERATION) != null ? Integer.parseInt(name.group(GENERATION)) : 0;
    }

    /** Returns the number of hash ranges among which a shard of a dataset is one. */
    public static int ranges(Manifest manifest, String path) {
        int generation = generation(path);
        return generation == 0
                ? manifest.options().shards()
                : manifest.generations().get(generation - 1).shards();
    }

    /** Returns the number of a shard. */
    public static int number(String path) {
        Matcher name = name(path);
        if (!name.matches()) {
            throw new IllegalArgumentException(path + " is not the name of a shard");
        }
        return Integer.parseInt(name.group(1));
    }
}
