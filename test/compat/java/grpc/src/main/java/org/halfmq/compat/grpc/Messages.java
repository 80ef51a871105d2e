package org.halfmq.compat.grpc;

import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.rocketmq.client.apis.consumer.ConsumeResult;
import org.apache.rocketmq.client.apis.consumer.FilterExpression;
import org.apache.rocketmq.client.apis.consumer.FilterExpressionType;
import org.apache.rocketmq.client.apis.consumer.SimpleConsumer;
import org.apache.rocketmq.client.apis.message.MessageView;
import org.apache.rocketmq.client.apis.producer.Producer;
import org.apache.rocketmq.client.apis.producer.SendReceipt;

/** Messages of every kind, out and in again. */
final class Messages {
    /** Two of three have the tag; words and ids are those that were sent. */
    static Map<String, Object> tags(Client client, String topic) throws Exception {
        Map<String, MessageView> came = new ConcurrentHashMap<>();
        Map<String, String> ids = new TreeMap<>();
        client.push("readers_" + topic, topic, new FilterExpression("a"), message -> {
                 came.put(Client.text(message), message);
                 return ConsumeResult.SUCCESS;
        });
        try (Producer producer = client.producer(topic)) {
            for (String body : new String[] {"one a", "two b", "three a"}) {
                ids.put(body, producer.send(client.message(topic, body).setTag(body.substring(body.length() - 1))
                    .setKeys("k-" + body.charAt(0), "common").addProperty("colour", "blue").build()).getMessageId().toString());
            }
            Client.holds(() -> came.size() >= 2);
            Map<String, Object> seen = new TreeMap<>();
            seen.put("came", String.join(",", new TreeMap<>(came).keySet()));
            seen.put("words", came.values().stream().allMatch(message -> message.getKeys().contains("common")
                && message.getKeys().size() == 2 && "blue".equals(message.getProperties().get("colour"))
                && "a".equals(message.getTag().orElse(""))));
            seen.put("ids", came.entrySet().stream()
                .allMatch(each -> each.getValue().getMessageId().toString().equals(ids.get(each.getKey()))));
            return seen;
        }
    }

    static Map<String, Object> sql(Client client, String topic) throws Exception {
        FilterExpression dear = new FilterExpression("price > 10", FilterExpressionType.SQL92);
        try (Producer producer = client.producer(topic);
             SimpleConsumer consumer = client.simple("readers_" + topic, topic, dear)) {
            producer.send(client.message(topic, "cheap").addProperty("price", "3").build());
            producer.send(client.message(topic, "dear").addProperty("price", "30").build());
            Queue<String> came = new ConcurrentLinkedQueue<>();
            Client.holds(() -> {
                for (MessageView message : consumer.receive(16, Duration.ofSeconds(30))) {
                    came.add(Client.text(message));
                    consumer.ack(message);
                }
                return !came.isEmpty();
            });
            return Map.of("came", String.join(",", came));
        }
    }

    /** The first one fails once: those behind it wait. */
    static Map<String, Object> ordered(Client client, String topic) throws Exception {
        Queue<String> came = new ConcurrentLinkedQueue<>();
        client.push("ordered_" + topic, topic, FilterExpression.SUB_ALL, message -> {
                 came.add(Client.text(message));
                 return came.size() == 1 ? ConsumeResult.FAILURE : ConsumeResult.SUCCESS;
        });
        try (Producer producer = client.producer(topic)) {
            for (int nth = 0; nth < 5; nth++) {
                producer.send(client.message(topic, String.valueOf(nth)).setMessageGroup("g").build());
            }
            Client.holds(() -> came.size() >= 6);
            return Map.of("order", String.join(",", came));
        }
    }

    /** The first is due before the second: had it not been taken back, it would have come. */
    static Map<String, Object> recall(Client client, String topic) throws Exception {
        Map<String, Long> came = new ConcurrentHashMap<>();
        long now = System.currentTimeMillis();
        client.push("readers_" + topic, topic, FilterExpression.SUB_ALL, message -> {
                 came.put(Client.text(message), System.currentTimeMillis());
                 return ConsumeResult.SUCCESS;
        });
        try (Producer producer = client.producer(topic)) {
            SendReceipt first = producer.send(client.message(topic, "first").setDeliveryTimestamp(now + 4_000).build());
            producer.send(client.message(topic, "second").setDeliveryTimestamp(now + 5_000).build());
            String id = producer.recallMessage(topic, first.getRecallHandle()).getMessageId().toString();
            Client.holds(() -> came.containsKey("second"));
            Map<String, Object> seen = new TreeMap<>();
            seen.put("came", String.join(",", came.keySet()));
            seen.put("early", came.getOrDefault("second", 0L) < now + 5_000);
            seen.put("sameId", id.equals(first.getMessageId().toString()));
            return seen;
        }
    }

    private Messages() {
    }
}
