package io.github.sparkfinetune.extra.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.Quoted;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Scores of pieces, as in SentencePiece, from BPE merges. SentencePiece may merge any two neighbours that form a piece,
 * and merges the pair whose piece has the highest score. BPE merges the pair that is first in the list of merges. Both
 * give the same result under two conditions: every way to form a piece is a merge, and the merges of a piece are
 * adjacent in the list. The score of a piece is then minus the number of the pieces before it.
 */
final class ScoredPieces {
    private final String source;
    private final Map<String, Float> scores = new HashMap<>();
    private final Set<List<String>> pairs = new HashSet<>();

    /**
     * Reads the merges.
     *
     * @param source the tokenizer's name in messages
     * @throws RunException if no scores give the same result as the merges
     */
    ScoredPieces(String source, JsonNode tokenizer) {
        this.source = source;
        String last = null;
        for (List<String> pair : merges(tokenizer)) {
            String piece = pair.get(0) + pair.get(1);
            pairs.add(pair);
            if (!piece.equals(last) && scores.put(piece, -(float) scores.size()) != null) {
                throw refused("the merges of " + Quoted.name(piece) + " are not adjacent");
            }
            last = piece;
        }
        Set<String> known = new HashSet<>();
        tokenizer.path("model").path("vocab").fieldNames().forEachRemaining(known::add);
        known.forEach(piece -> requireComplete(piece, known));
    }

    private void requireComplete(String piece, Set<String> known) {
        for (int cut = 1; cut < piece.length(); cut++) {
            String left = piece.substring(0, cut);
            String right = piece.substring(cut);
            if (known.contains(left) && known.contains(right) && !pairs.contains(List.of(left, right))) {
                throw refused(Quoted.name(left) + " and " + Quoted.name(right) + " form a token, but are no merge");
            }
        }
    }

    /** Returns a token's score; the lowest score for a token that no merge forms. */
    float score(String token) {
        return scores.getOrDefault(token, -(float) scores.size());
    }

    /** Returns the merges of a {@code tokenizer.json}, which writes a merge as one text or two. */
    static List<List<String>> merges(JsonNode tokenizer) {
        List<List<String>> merges = new ArrayList<>();
        for (JsonNode merge : tokenizer.path("model").path("merges")) {
            String[] parts = merge.isArray()
                    ? new String[] {merge.path(0).asText(), merge.path(1).asText()}
                    : merge.asText().split(" ", 2);
            if (parts.length != 2) {
                throw RunException.data("tokenizer.json: the merge " + Quoted.name(merge.asText()) + " is not a pair");
            }
            merges.add(List.of(parts[0], parts[1]));
        }
        return merges;
    }

    private RunException refused(String why) {
        return RunException.data(
                source + ": this tokenizer's merges cannot be written to a GGUF file as scores: " + why);
    }
}
