package io.github.sparkfinetune.bench;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;

/**
 * This machine's files under {@code killing:}, for {@code submit/faults killed-while-writing}. Kills its own process
 * before it creates certain files, once for each file. {@code fs.killing.points} lists the files as
 * {@code checkpoint/NAME} and {@code export/NAME}. The folder {@code fs.killing.marks} has a file for each kill.
 */
public final class KillingFileSystem extends RawLocalFileSystem {
    @Override
    public URI getUri() {
        return URI.create("killing:///");
    }

    @Override
    public String getScheme() {
        return "killing";
    }

    @Override
    public FSDataOutputStream create(
            Path file, boolean overwrite, int bufferSize, short replication, long blockSize, Progressable progress)
            throws IOException {
        String folder = file.getParent().getName();
        String kind = folder.startsWith("step-") ? "checkpoint" : folder.startsWith(".model.tmp.") ? "export" : "";
        for (String point : getConf().getTrimmedStrings("fs.killing.points")) {
            if (point.equals(kind + "/" + file.getName())) {
                killOnce(java.nio.file.Path.of(getConf().get("fs.killing.marks"), point.replace('/', '-')));
            }
        }
        return super.create(file, overwrite, bufferSize, replication, blockSize, progress);
    }

    private static void killOnce(java.nio.file.Path mark) throws IOException {
        if (Files.exists(mark)) {
            return;
        }
        Files.createFile(mark);
        String pid = Long.toString(ProcessHandle.current().pid());
        try {
            new ProcessBuilder("kill", "-9", pid).start().waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
