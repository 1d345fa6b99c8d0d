package io.github.sparkfinetune.spark.predict;

import java.io.Serializable;

/**
 * A part of a prediction whose file is there.
 *
 * @param rows the {@link RowDigest} of what was predicted
 * @param bytes length of the file
 */
record PredictedPart(int number, String rows, long bytes) implements Serializable {}
