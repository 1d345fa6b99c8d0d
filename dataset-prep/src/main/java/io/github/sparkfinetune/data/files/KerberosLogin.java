package io.github.sparkfinetune.data.files;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Messages about a Kerberos login that is missing or has ended. They reach a command as text: a rank sends its error as
 * text, and the message about a path has Hadoop's message inside.
 */
public final class KerberosLogin {
    private static final String REMEDY = "run kinit, or add --conf spark.kerberos.principal=… --conf"
            + " spark.kerberos.keytab=…, then start the same command again";

    /** Hadoop's client has nothing that the server accepts. The server is in the first group. */
    private static final Pattern MISSING = Pattern.compile("(?:DestHost:destPort (\\S+) , LocalHost:localPort .*?)?"
            + "(?:[\\w.$]+Exception: )*"
            + "(?:Client cannot authenticate via:\\["
            + "|GSS initiate failed \\[Caused by GSSException: No valid credentials provided)");

    /** The server does not accept a token. The token's user is in the first group. */
    private static final Pattern ENDED = Pattern.compile("(?:[\\w.$]+(?:Exception|InvalidToken)[(:)]+ ?)*"
            + "token \\((?:token for ([^:]+): )?HDFS_DELEGATION_TOKEN [^)]*\\) (?:is expired|can't be found in cache)");

    private KerberosLogin() {}

    /**
     * Returns the message of an error with the reason and the remedy, if the login caused the error.
     *
     * @param message one line
     */
    public static Optional<String> explain(String message) {
        Matcher missing = MISSING.matcher(message);
        if (missing.find()) {
            String server = missing.group(1) == null ? "" : " for " + missing.group(1);
            return Optional.of(
                    explained(message.substring(0, missing.start()), "no Kerberos ticket or token" + server));
        }
        Matcher ended = ENDED.matcher(message);
        if (ended.find()) {
            String user = ended.group(1) == null ? "" : " of " + ended.group(1);
            return Optional.of(
                    explained(message.substring(0, ended.start()), "the delegation token" + user + " ended"));
        }
        return Optional.empty();
    }

    /** Returns the message with this remedy instead of its own remedy, which is for other failures. */
    private static String explained(String before, String reason) {
        boolean open = before.lastIndexOf('(') > before.lastIndexOf(')');
        return before + reason + (open ? ")" : "") + ": " + REMEDY;
    }
}
