package io.github.sparkfinetune.extra.evidence;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.hf.Sha256;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Evidence as it was read from a folder or zip file.
 *
 * @param files contents by name
 * @param index index among the files
 */
public record Evidence(Map<String, byte[]> files, EvidenceIndex index) {

    /**
     * Reads evidence.
     *
     * @param path folder or zip file
     * @throws RunException if there is no index, or this program cannot read it
     */
    public static Evidence read(String path, Configuration hadoop) {
        Path absolute = new Path(AbsolutePaths.of("evidence", path, hadoop));
        try {
            Map<String, byte[]> files = new EvidenceFiles(absolute, hadoop).read();
            byte[] index = files.get(EvidenceIndex.FILE_NAME);
            if (index == null) {
                throw RunException.data(absolute + " has no " + EvidenceIndex.FILE_NAME
                        + ": name the folder or .zip of finetune evidence");
            }
            return new Evidence(files, EvidenceIndex.parse(index, path + "/" + EvidenceIndex.FILE_NAME));
        } catch (IOException e) {
            throw new UncheckedIOException(absolute + " cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * Checks the signature, and every file against the index.
     *
     * @param key key of the signer, or null to leave the signature unchecked
     * @return one verdict for the signature, one for each file that differs, else one for all files
     */
    public List<Verdict> check(PublicKey key) {
        List<Verdict> verdicts = new ArrayList<>();
        verdicts.add(signature(key));
        List<Verdict> differing = new ArrayList<>();
        Set<String> unlisted = new TreeSet<>(files.keySet());
        unlisted.removeAll(Set.of(EvidenceIndex.FILE_NAME, IndexSignature.FILE_NAME));
        for (EvidenceIndex.File file : index.files()) {
            byte[] content = files.get(file.name());
            if (content == null) {
                differing.add(Verdict.differs("file", file.name() + " is missing"));
            } else if (!Sha256.of(content).equals(file.sha256()) || content.length != file.bytes()) {
                differing.add(Verdict.differs("file", file.name() + " has other content than in the index"));
            }
            unlisted.remove(file.name());
        }
        unlisted.forEach(name -> differing.add(Verdict.differs("file", name + " is not in the index")));
        if (differing.isEmpty()) {
            differing.add(Verdict.holds(
                    "files", "%,d as in the index".formatted(index.files().size())));
        }
        verdicts.addAll(differing);
        return verdicts;
    }

    private Verdict signature(PublicKey key) {
        byte[] signed = files.get(IndexSignature.FILE_NAME);
        if (signed == null) {
            String none = IndexSignature.FILE_NAME + " is missing";
            return key == null
                    ? Verdict.holds("signature", "none: the index itself may have been changed")
                    : Verdict.differs("signature", none);
        }
        if (key == null) {
            return Verdict.holds("signature", "not checked: give --public-key");
        }
        return IndexSignature.fits(files.get(EvidenceIndex.FILE_NAME), signed, key)
                ? Verdict.holds("signature", "fits the key")
                : Verdict.differs("signature", "does not fit the key: another key, or the index was changed");
    }

    /** Returns the text of a file; empty if the file is missing. */
    String text(String name) {
        byte[] content = files.get(name);
        return content == null ? "" : new String(content, StandardCharsets.UTF_8);
    }
}
