package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.spark.evidence.Evidence;
import io.github.sparkfinetune.spark.evidence.EvidenceIndex;
import io.github.sparkfinetune.spark.evidence.Evidencing;
import io.github.sparkfinetune.spark.evidence.Verdict;
import java.util.List;
import java.util.Map;

/** Evidence of one model file and one figure. */
record FakeEvidencing(List<String> calls, List<Verdict> verdicts) implements Evidencing {
    @Override
    public Collected collect(Request request) {
        calls.add("collect " + request.output() + " " + request.figures() + " " + request.answers()
                + (request.key() == null ? "" : " signed"));
        EvidenceIndex index = new EvidenceIndex(
                EvidenceIndex.SCHEMA_VERSION,
                "1.2.3",
                "2026-01-01T00:00:00Z",
                new EvidenceIndex.Run("mails", "classification", "file:/run"),
                List.of(),
                List.of(new EvidenceIndex.Group("model", "output", "file:/run", 1, 2, "00ff", "hashes/model.sha256")),
                new EvidenceIndex.Data(List.of(), 0, Map.of(), null),
                List.of(new EvidenceIndex.Figure("test", "accuracy", 0.75, "finetune evaluate")));
        return new Collected("file:/evidence", index, List.of("no bill of materials"));
    }

    @Override
    public List<Verdict> compare(Evidence evidence, Map<String, Map<String, Double>> metrics) {
        calls.add("compare " + evidence.index().run().name() + " " + metrics);
        return verdicts;
    }
}
