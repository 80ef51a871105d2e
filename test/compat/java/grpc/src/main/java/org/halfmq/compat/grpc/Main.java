package org.halfmq.compat.grpc;

import java.util.Map;
import java.util.StringJoiner;

/** Runs one scenario against an endpoint and prints what was seen as one line: RESULT {json of numbers and texts}. */
public final class Main {
    public static void main(String[] args) {
        Map<String, Object> seen = null;
        try {
            seen = scenario(args[0], new Client(args[1]), args[2]);
        } catch (Throwable failure) {
            // threads of the client would keep this process alive
            failure.printStackTrace();
            System.exit(1);
        }
        StringJoiner json = new StringJoiner(",", "{", "}");
        seen.forEach((name, value) -> json.add('"' + name + "\":" + (value instanceof String ? '"' + (String) value + '"' : value)));
        System.out.println("RESULT " + json);
        System.exit(0);
    }

    private static Map<String, Object> scenario(String name, Client client, String topic) throws Exception {
        switch (name) {
            case "tags": return Messages.tags(client, topic);
            case "sql": return Messages.sql(client, topic);
            case "ordered": return Messages.ordered(client, topic);
            case "recall": return Messages.recall(client, topic);
            case "transactions": return Transactions.run(client, topic);
            case "invisible": return Deliveries.invisible(client, topic);
            case "lite": return Lite.run(client, topic);
            case "dead-letter": return Deliveries.deadLetter(client, topic);
            default: throw new IllegalArgumentException("no scenario " + name);
        }
    }

    private Main() {
    }
}
