package io.github.sparkfinetune.yarn;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.hdfs.server.datanode.DataNodeFaultInjector;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.server.MiniYARNCluster;
import org.apache.hadoop.yarn.server.resourcemanager.rmapp.RMApp;

/** An HDFS with one node and a YARN with two nodes in this JVM, and the configuration folder of their clients. */
final class MiniHadoop implements AutoCloseable {
    private static final int NODES = 2;
    private static final int NODE_MEMORY_MIB = 6144;

    private final MiniDFSCluster hdfs;
    private final MiniYARNCluster yarn;
    private final Path clientConf;

    private MiniHadoop(MiniDFSCluster hdfs, MiniYARNCluster yarn, Path clientConf) {
        this.hdfs = hdfs;
        this.yarn = yarn;
        this.clientConf = clientConf;
    }

    static MiniHadoop start(Path folder) throws IOException {
        return start(folder, new Configuration());
    }

    /**
     * Starts both secured by Kerberos.
     *
     * @param tokenSeconds lifetime of a delegation token of HDFS
     */
    static MiniHadoop start(Path folder, Kerberos kerberos, int tokenSeconds) throws Exception {
        Configuration conf = new Configuration();
        kerberos.secure(conf, tokenSeconds);
        MiniHadoop hadoop = start(folder, conf);
        org.apache.hadoop.fs.Path home = new org.apache.hadoop.fs.Path("/user/" + Kerberos.USER);
        hadoop.files().mkdirs(home);
        hadoop.files().setOwner(home, Kerberos.USER, Kerberos.USER);
        return hadoop;
    }

    private static MiniHadoop start(Path folder, Configuration settings) throws IOException {
        System.setProperty("test.build.data", folder.resolve("data").toString());
        MiniDFSCluster hdfs = new MiniDFSCluster.Builder(
                        settings, folder.resolve("hdfs").toFile())
                .numDataNodes(1)
                .build();
        Configuration conf = new YarnConfiguration(hdfs.getFileSystem().getConf());
        conf.set("fs.defaultFS", hdfs.getURI().toString());
        conf.set("yarn.scheduler.capacity.root.queues", "default");
        conf.set("yarn.scheduler.capacity.root.default.capacity", "100");
        conf.set("yarn.scheduler.capacity.maximum-am-resource-percent", "1.0");
        conf.setInt("yarn.minicluster.yarn.nodemanager.resource.memory-mb", NODE_MEMORY_MIB);
        conf.setInt("yarn.nodemanager.resource.cpu-vcores", 4);
        conf.setInt("yarn.scheduler.minimum-allocation-mb", 256);
        conf.setBoolean("yarn.nodemanager.vmem-check-enabled", false);
        conf.setFloat("yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage", 99.9f);
        MiniYARNCluster yarn = new MiniYARNCluster("yarn", NODES, 1, 1);
        yarn.init(conf);
        yarn.start();
        return new MiniHadoop(hdfs, yarn, writeClientConf(folder.resolve("conf"), yarn.getConfig()));
    }

    private static Path writeClientConf(Path folder, Configuration conf) throws IOException {
        Configuration client = new Configuration(conf);
        // Clients do not have this class of the mini cluster.
        client.unset("net.topology.node.switch.mapping.impl");
        Files.createDirectories(folder);
        for (String name : new String[] {"core-site.xml", "hdfs-site.xml", "yarn-site.xml"}) {
            try (OutputStream out = Files.newOutputStream(folder.resolve(name))) {
                client.writeXml(out);
            }
        }
        return folder;
    }

    /** Delays every acknowledgement of written bytes, as a slow disk does. */
    void slowWrites(int millis) {
        DataNodeFaultInjector.set(new DataNodeFaultInjector() {
            @Override
            public void delaySendingAckToUpstream(String upstream) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
            }
        });
    }

    /** Returns the time, in milliseconds, at which YARN took the newest application. */
    long newestStart() {
        return yarn.getResourceManager().getRMContext().getRMApps().values().stream()
                .mapToLong(RMApp::getStartTime)
                .max()
                .orElseThrow();
    }

    /** Returns the folder for {@code HADOOP_CONF_DIR}. */
    Path clientConf() {
        return clientConf;
    }

    FileSystem files() throws IOException {
        return hdfs.getFileSystem();
    }

    @Override
    public void close() {
        yarn.stop();
        hdfs.shutdown();
    }
}
