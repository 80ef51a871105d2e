package org.halfmq.compat;

import java.util.Map;
import java.util.StringJoiner;
import java.util.concurrent.Callable;

/** Runs one scenario against a name server and prints what was seen as one line: RESULT {json of numbers and texts}. */
public final class Main {
    public static void main(String[] args) throws Exception {
        String nameServer = args[1];
        String run = args[2];
        Map<String, Object> seen = null;
        try {
            seen = scenario(args[0], nameServer, run).call();
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

    private static Callable<Map<String, Object>> scenario(String name, String nameServer, String run) {
        switch (name) {
            case "send-and-consume": return new SendAndConsume(nameServer, run);
            case "rebalance": return new Rebalance(nameServer, run);
            case "dead-letter": return new DeadLetter(nameServer, run);
            case "transactions": return new Transactions(nameServer, run);
            case "orderly": return new Orderly(nameServer, run);
            case "hard-cases": return new HardCases(nameServer, run);
            case "wear": return new Wear(nameServer, run);
            case "broker-killed": return new BrokerKilled(nameServer, run);
            case "query": return new Query(nameServer, run);
            case "filter": return new Filter(nameServer, run);
            case "request-reply": return new RequestReply(nameServer, run);
            case "recall": return new Recall(nameServer, run);
            case "pop": return new PopConsume(nameServer, run);
            case "namespace": return new Namespace(nameServer, run);
            case "topics-of-operators": return new TopicsOfOperators(run);
            default: throw new IllegalArgumentException("no scenario " + name);
        }
    }

    private Main() {
    }
}
