package io.github.sparkfinetune.data.files;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Messages of Hadoop 3.3 in the messages of commands. */
class KerberosLoginTest {
    private static final String REMEDY = ": run kinit, or add --conf spark.kerberos.principal=… --conf"
            + " spark.kerberos.keytab=…, then start the same command again";
    private static final String NO_TICKET = "DestHost:destPort nn:8020 , LocalHost:localPort vm/127.0.0.1:0. Failed on"
            + " local exception: java.io.IOException: org.apache.hadoop.security.AccessControlException: Client cannot"
            + " authenticate via:[TOKEN, KERBEROS]";
    private static final String TOKEN = "token (token for me: HDFS_DELEGATION_TOKEN owner=me@EXAMPLE.COM, renewer=hdfs,"
            + " realUser=, issueDate=1, maxDate=2, sequenceNumber=1, masterKeyId=2) ";

    @Test
    void namesTheServerThatGotNoTicket() {
        assertThat(KerberosLogin.explain("hdfs://nn:8020/run.yaml: cannot be read: " + NO_TICKET))
                .hasValue("hdfs://nn:8020/run.yaml: cannot be read: no Kerberos ticket or token for nn:8020" + REMEDY);
    }

    @Test
    void replacesTheRemedyForOtherFailures() {
        assertThat(KerberosLogin.explain(
                        "output.dir: /runs/a cannot be written (" + NO_TICKET + "): choose a folder that …"))
                .hasValue("output.dir: /runs/a cannot be written (no Kerberos ticket or token for nn:8020)" + REMEDY);
    }

    @Test
    void namesTheUserWhoseTokenEnded() {
        assertThat(KerberosLogin.explain("/runs/a cannot be listed: " + TOKEN + "is expired, current time:"
                        + " 2026-11-30 00:44:10,366+0000 expected renewal time: 2026-11-30 00:44:10,369+0000"))
                .hasValue("/runs/a cannot be listed: the delegation token of me ended" + REMEDY);
        assertThat(KerberosLogin.explain("org.apache.hadoop.ipc.RemoteException(org.apache.hadoop.security.token."
                        + "SecretManager$InvalidToken): " + TOKEN + "can't be found in cache"))
                .hasValue("the delegation token of me ended" + REMEDY);
    }

    @Test
    void leavesOtherMessagesAlone() {
        assertThat(KerberosLogin.explain("/runs/a cannot be written: Permission denied: user=me, access=WRITE"))
                .isEmpty();
    }
}
