package io.github.sparkfinetune.yarn;

import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.security.UserGroupInformation;
import org.apache.kerby.kerberos.kerb.KrbException;
import org.apache.kerby.kerberos.kerb.client.KrbClient;
import org.apache.kerby.kerberos.kerb.server.SimpleKdcServer;

/**
 * A KDC on this machine, with the services of a {@link MiniHadoop} and one user. This JVM's services share a principal,
 * because Hadoop has one login for a JVM.
 */
final class Kerberos implements AutoCloseable {
    /** The user's short name, which is that of the owner on HDFS. */
    static final String USER = "me";

    private static final String REALM = "EXAMPLE.COM";
    private static final String SERVICES = "hdfs/localhost@" + REALM;

    private final Path folder;
    private final SimpleKdcServer kdc;

    private Kerberos(Path folder, SimpleKdcServer kdc) {
        this.folder = folder;
        this.kdc = kdc;
    }

    /** Starts the KDC. This JVM must not have used Kerberos before. */
    static Kerberos start(Path folder) throws Exception {
        Files.createDirectories(folder);
        SimpleKdcServer kdc = new SimpleKdcServer();
        kdc.setWorkDir(folder.toFile());
        kdc.setKdcRealm(REALM);
        kdc.setKdcHost("localhost");
        kdc.setAllowUdp(false);
        kdc.init();
        kdc.start();
        Kerberos kerberos = new Kerberos(folder, kdc);
        System.setProperty("java.security.krb5.conf", kerberos.clientConf().toString());
        kdc.createAndExportPrincipals(kerberos.servicesKeytab().toFile(), SERVICES, "HTTP/localhost@" + REALM);
        kdc.createAndExportPrincipals(kerberos.keytab().toFile(), kerberos.principal());
        return kerberos;
    }

    /** Returns the {@code krb5.conf} of this realm. */
    Path clientConf() {
        return folder.resolve("krb5.conf");
    }

    String principal() {
        return USER + "@" + REALM;
    }

    Path keytab() {
        return folder.resolve(USER + ".keytab");
    }

    /** Writes a ticket cache of the user, as {@code kinit} does. */
    Path ticketCache() throws KrbException {
        KrbClient kinit = new KrbClient(folder.toFile());
        kinit.init();
        Path cache = folder.resolve(USER + ".ccache");
        kinit.storeTicket(kinit.requestTgt(principal(), keytab().toFile()), cache.toFile());
        return cache;
    }

    /** Secures HDFS and YARN of a configuration, and logs this JVM in as their services. */
    void secure(Configuration conf, int tokenSeconds) throws Exception {
        conf.set("hadoop.security.authentication", "kerberos");
        for (String service : new String[] {
            "dfs.namenode.kerberos.principal",
            "dfs.datanode.kerberos.principal",
            "yarn.resourcemanager.principal",
            "yarn.nodemanager.principal"
        }) {
            conf.set(service, SERVICES);
        }
        for (String keytab : new String[] {
            "dfs.namenode.keytab.file",
            "dfs.datanode.keytab.file",
            "dfs.web.authentication.kerberos.keytab",
            "yarn.resourcemanager.keytab",
            "yarn.nodemanager.keytab"
        }) {
            conf.set(keytab, servicesKeytab().toString());
        }
        conf.set("dfs.web.authentication.kerberos.principal", "HTTP/localhost@" + REALM);
        // No such users are on this machine.
        conf.set("hadoop.user.group.static.mapping.overrides", "hdfs=hdfs;" + USER + "=" + USER);
        conf.setBoolean("dfs.block.access.token.enable", true);
        // The web pages, which no test uses, would need certificates.
        conf.setBoolean("ignore.secure.ports.for.testing", true);
        conf.setLong("dfs.namenode.delegation.token.renew-interval", tokenSeconds * 1000L);
        conf.setLong("dfs.namenode.delegation.token.max-lifetime", tokenSeconds * 1000L);
        // A token is checked when a connection opens: idle ones must not outlive it.
        conf.setInt("ipc.client.connection.maxidletime", 1000);
        // In place of the nodes' /etc/krb5.conf.
        conf.set("yarn.nodemanager.admin-env", "JAVA_TOOL_OPTIONS=-Djava.security.krb5.conf=" + clientConf());
        UserGroupInformation.setConfiguration(conf);
        UserGroupInformation.loginUserFromKeytab(SERVICES, servicesKeytab().toString());
    }

    private Path servicesKeytab() {
        return folder.resolve("services.keytab");
    }

    @Override
    public void close() throws KrbException {
        kdc.stop();
    }
}
