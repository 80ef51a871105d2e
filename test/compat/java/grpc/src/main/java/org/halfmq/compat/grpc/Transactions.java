package org.halfmq.compat.grpc;

import java.util.Map;
import java.util.TreeSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.client.apis.consumer.ConsumeResult;
import org.apache.rocketmq.client.apis.consumer.FilterExpression;
import org.apache.rocketmq.client.apis.producer.Producer;
import org.apache.rocketmq.client.apis.producer.Transaction;
import org.apache.rocketmq.client.apis.producer.TransactionResolution;

/** One is committed, one rolled back, two are left to the check. */
final class Transactions {
    static Map<String, Object> run(Client client, String topic) throws Exception {
        Set<String> came = ConcurrentHashMap.newKeySet();
        Set<String> asked = ConcurrentHashMap.newKeySet();
        client.push("readers_" + topic, topic, FilterExpression.SUB_ALL, message -> {
            came.add(Client.text(message));
            return ConsumeResult.SUCCESS;
        });
        try (Producer producer = client.producer(topic, message -> {
            asked.add(Client.text(message));
            return Client.text(message).equals("asked, yes") ? TransactionResolution.COMMIT : TransactionResolution.ROLLBACK;
        })) {
            begin(client, producer, topic, "committed").commit();
            begin(client, producer, topic, "rolled back").rollback();
            begin(client, producer, topic, "asked, no");
            begin(client, producer, topic, "asked, yes");
            Client.holds(() -> asked.size() >= 2 && came.size() >= 2);
            return Map.of("asked", String.join(",", new TreeSet<>(asked)), "came", String.join(",", new TreeSet<>(came)));
        }
    }

    private static Transaction begin(Client client, Producer producer, String topic, String body) throws Exception {
        Transaction transaction = producer.beginTransaction();
        producer.send(client.message(topic, body).build(), transaction);
        return transaction;
    }

    private Transactions() {
    }
}
