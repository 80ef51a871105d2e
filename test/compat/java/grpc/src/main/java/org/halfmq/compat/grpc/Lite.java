package org.halfmq.compat.grpc;

import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import org.apache.rocketmq.client.apis.consumer.ConsumeResult;
import org.apache.rocketmq.client.apis.consumer.LitePushConsumer;
import org.apache.rocketmq.client.apis.message.MessageView;
import org.apache.rocketmq.client.apis.producer.Producer;

/** Lite topics: many small ones of one topic, each consumer with those it wants. */
final class Lite {
    /**
     * One consumer's messages come in order although one fails; another takes a lite topic over (its group is exclusive), and
     * the first is told of it; a third, of another group, reads all of them.
     */
    static Map<String, Object> run(Client client, String topic) throws Exception {
        String group = "lite_" + topic;
        Queue<String> anns = new ConcurrentLinkedQueue<>();
        Queue<String> bobs = new ConcurrentLinkedQueue<>();
        Queue<String> others = new ConcurrentLinkedQueue<>();
        Set<String> failed = ConcurrentHashMap.newKeySet();
        LitePushConsumer ann = client.litePush(group, topic, message -> {
            anns.add(named(message));
            return Client.text(message).equals("2") && failed.add("2") ? ConsumeResult.FAILURE : ConsumeResult.SUCCESS;
        });
        LitePushConsumer bob = client.litePush(group, topic, message -> add(bobs, message));
        LitePushConsumer other = client.litePush("others_" + topic, topic, message -> add(others, message));
        try (Producer producer = client.producer(topic)) {
            ann.subscribeLite("a");
            other.subscribeLite("a");
            for (int nth = 1; nth <= 4; nth++) send(client, producer, topic, "a", nth);
            send(client, producer, topic, "c", 1);
            Client.holds(() -> anns.size() == 5);
            String order = String.join(",", anns);
            bob.subscribeLite("a");
            boolean told = Client.holds(() -> ann.getLiteTopicSet().isEmpty());
            send(client, producer, topic, "a", 5);
            Client.holds(() -> bobs.size() == 1 && others.size() == 5);
            String read = others.stream().sorted().collect(Collectors.joining(","));
            return Map.of("order", order, "told", told, "taken", String.join(",", bobs), "read", read);
        }
    }

    private static ConsumeResult add(Queue<String> seen, MessageView message) {
        seen.add(named(message));
        return ConsumeResult.SUCCESS;
    }

    private static String named(MessageView message) {
        return message.getLiteTopic().orElse("none") + Client.text(message);
    }

    private static void send(Client client, Producer producer, String topic, String liteTopic, int nth) throws Exception {
        producer.send(client.message(topic, String.valueOf(nth)).setLiteTopic(liteTopic).build());
    }

    private Lite() {
    }
}
