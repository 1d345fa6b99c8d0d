package io.github.sparkfinetune.core.rank;

import java.io.Serializable;

/**
 * Places of the documents that belong to a query.
 *
 * @param ranks their ranks among all documents, from 1, in ascending order
 * @param loss mean of -log(exp(s) / (exp(s) + Σ exp(s'))) over these documents, where s is a document's cosine times
 *     the scale of the loss, and s' that of each document that does not belong to the query
 */
public record RankedQuery(double[] ranks, double loss) implements Serializable {}
