package io.github.sparkfinetune.spark.init;

/**
 * Length of a run's samples, chosen from the lengths of the source's texts.
 *
 * @param textBytes number of bytes of the source's texts
 * @param packing value of {@code data.packing}: none, bfd or wrapped
 */
record SampleLength(Survey survey, long textBytes, String packing) {
    /**
     * Longest sample by default. Longer samples are cut, packed or split into windows, because they usually cost more
     * than they improve.
     */
    private static final int USUAL_LONGEST = 512;

    private static final int STEP = 16;
    /** Bytes of a token of English text. */
    private static final int BYTES_OF_A_TOKEN = 4;

    /** Returns whether texts share samples. */
    boolean isPacked() {
        return !packing.equals("none");
    }

    /** Returns whether samples are cut from all texts in a row. */
    boolean isWrapped() {
        return packing.equals("wrapped");
    }

    /** Describes the lengths of the source's rows or texts, for people. */
    String description() {
        return "tokens of a " + (isPacked() ? "text" : "row") + ": " + lengths();
    }

    /**
     * Describes the lengths. Texts that the survey cuts at the model's limit have unknown lengths, which are left out.
     */
    private String lengths() {
        if (survey.percentile(99) >= survey.longest()) {
            long cut = survey.lengths().stream()
                    .filter(length -> length >= survey.longest())
                    .count();
            return (survey.percentile(50) >= survey.longest()
                            ? ""
                            : "half have at most " + survey.percentile(50) + ", ")
                    + Math.round(100.0 * cut / survey.lengths().size()) + " of 100 have the model's " + survey.longest()
                    + " or more";
        }
        return "half have at most " + survey.percentile(50) + ", 99 of 100 at most " + survey.percentile(99)
                + (survey.percentile(100) >= survey.longest()
                        ? ", the longest are longer than the model's " + survey.longest()
                        : ", the longest " + survey.percentile(100));
    }

    /** Returns the usual length for packed samples, else the length of nearly all rows. */
    int tokens() {
        int most = Math.min(survey.longest(), USUAL_LONGEST);
        int nearlyAll = (survey.percentile(99) + STEP - 1) / STEP * STEP;
        int length = switch (packing) {
            case "wrapped" -> most;
            // Several conversations share a sample.
            case "bfd" -> Math.max(nearlyAll, Math.min(most, 2 * STEP * (nearlyAll / STEP)));
            default -> nearlyAll;
        };
        return Math.max(
                STEP, Math.min(packing.equals("bfd") ? Math.min(survey.longest(), 4 * USUAL_LONGEST) : most, length));
    }

    /**
     * Returns the number of samples of some rows.
     *
     * @param rows number of rows, which may be estimated
     */
    double samples(double rows) {
        return isPacked() ? rows * meanTokens() / tokens() : rows;
    }

    /**
     * Returns the mean number of tokens of a text. If texts are longer than the survey measures, the number is
     * estimated from their bytes.
     */
    private double meanTokens() {
        return survey.percentile(100) < survey.longest()
                ? survey.meanLength()
                : Math.max(survey.meanLength(), textBytes / (double) survey.rows() / BYTES_OF_A_TOKEN);
    }
}
