package io.github.sparkfinetune.spark.predict;

import java.io.Serializable;

/**
 * Part of a prediction whose file exists.
 *
 * @param number number of the part
 * @param rows {@link RowDigest} of the input rows
 * @param bytes length of the file
 */
record PredictedPart(int number, String rows, long bytes) implements Serializable {}
