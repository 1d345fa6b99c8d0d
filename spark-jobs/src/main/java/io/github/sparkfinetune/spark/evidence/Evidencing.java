package io.github.sparkfinetune.spark.evidence;

import io.github.sparkfinetune.conf.error.RunException;
import java.security.PrivateKey;
import java.util.List;
import java.util.Map;

/** Evidence of a finished run: what went into the model and what came out, in a form that others can check. */
public interface Evidencing {
    /**
     * Request for evidence.
     *
     * @param output new folder or zip file; null for {@code evidence} in the output folder
     * @param figures metrics by held-out set
     * @param answers YAML file with answers of a person, or null
     * @param key key that signs the index, or null
     */
    record Request(String output, Map<String, Map<String, Double>> figures, String answers, PrivateKey key) {}

    /**
     * Result of collecting evidence.
     *
     * @param path folder or zip file
     * @param index index of the evidence
     * @param warnings one line for each part that a person has to complete, or that is missing
     */
    record Collected(String path, EvidenceIndex index, List<String> warnings) {}

    /**
     * Collects the evidence of a run. Overwrites nothing.
     *
     * @throws RunException if the run is not finished, or the output exists
     */
    Collected collect(Request request);

    /**
     * Compares the run with its evidence: hashes all files again and evaluates the model again.
     *
     * @param metrics metrics by held-out set, as {@code metrics.json} has them now
     * @return one verdict for each group of files and each figure
     */
    List<Verdict> compare(Evidence evidence, Map<String, Map<String, Double>> metrics);
}
