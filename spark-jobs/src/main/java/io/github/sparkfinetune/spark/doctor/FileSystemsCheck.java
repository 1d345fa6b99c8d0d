package io.github.sparkfinetune.spark.doctor;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.Keys;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.KerberosLogin;
import io.github.sparkfinetune.spark.run.HubModels;
import io.github.sparkfinetune.spark.run.RunPaths;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Paths of a run: whether their file systems answer, and whether the inputs exist. */
final class FileSystemsCheck implements Check {
    @Override
    public List<Finding> findings(Examination examination) {
        List<Finding> findings = new ArrayList<>();
        if (!examination.isGiven()) {
            return findings;
        }
        for (Map.Entry<String, String> path : Keys.paths(examination.run()).entrySet()) {
            boolean hub = path.getKey().equals("model")
                    && HubModels.name(examination.run()).isPresent();
            if (!hub && !DataConfig.isTable(path.getValue())) {
                findings.add(inspect(path.getKey(), path.getValue(), examination.hadoop()));
            }
        }
        try {
            RunPaths.resolve(examination.run(), examination.settings().get("spark.master"), examination.hadoop());
        } catch (RunException e) {
            findings.add(Finding.wrong("paths", e.getMessage(), null));
        }
        return findings;
    }

    private static Finding inspect(String key, String text, Configuration hadoop) {
        boolean written = key.equals("output.dir") || key.equals("data.dir") || key.equals("data.corpus.quarantine");
        try {
            Path path = new Path(AbsolutePaths.of(key, text, hadoop));
            FileSystem system = HadoopFiles.open(path, hadoop);
            boolean there = system.globStatus(path) != null && system.globStatus(path).length > 0;
            if (there || written) {
                return Finding.ok(key, path + (there ? "" : ", not there yet"));
            }
            return Finding.wrong(key, path + " is not there", "correct the path");
        } catch (RunException e) {
            return Finding.wrong(key, e.getMessage(), "correct the path, or give Spark the client of its file system");
        } catch (IOException e) {
            String what = text + " cannot be reached: " + e.getMessage();
            return KerberosLogin.explain(what)
                    .map(login -> Finding.failing(key, login, null))
                    .orElseGet(() -> Finding.failing(key, what, "see that its file system answers"));
        }
    }
}
