package org.halfmq.compat.grpc;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.apis.consumer.ConsumeResult;
import org.apache.rocketmq.client.apis.consumer.FilterExpression;
import org.apache.rocketmq.client.apis.consumer.SimpleConsumer;
import org.apache.rocketmq.client.apis.message.MessageView;
import org.apache.rocketmq.client.apis.producer.Producer;

/** What comes again, and what comes no more. */
final class Deliveries {
    private static final Duration INVISIBLE = Duration.ofSeconds(30);

    /** Its time is cut short: it comes again, and no more once it is acknowledged. */
    static Map<String, Object> invisible(Client client, String topic) throws Exception {
        try (Producer producer = client.producer(topic);
             SimpleConsumer consumer = client.simple("readers_" + topic, topic, FilterExpression.SUB_ALL)) {
            producer.send(client.message(topic, "one").build());
            MessageView first = next(consumer);
            consumer.changeInvisibleDuration(first, Duration.ofSeconds(1));
            MessageView second = next(consumer);
            consumer.ack(second);
            return Map.of(
                "attempts", first.getDeliveryAttempt() + "," + second.getDeliveryAttempt(),
                "sameId", first.getMessageId().toString().equals(second.getMessageId().toString()),
                "left", consumer.receive(16, INVISIBLE).size());
        }
    }

    /** Its group tries twice. */
    static Map<String, Object> deadLetter(Client client, String topic) throws Exception {
        String group = "dead_" + topic;
        String letters = "%DLQ%" + group;
        AtomicInteger attempts = new AtomicInteger();
        client.push(group, topic, FilterExpression.SUB_ALL, message -> {
            attempts.incrementAndGet();
            return ConsumeResult.FAILURE;
        });
        try (Producer producer = client.producer(topic);
             SimpleConsumer undertaker = client.simple("undertakers_" + topic, letters, FilterExpression.SUB_ALL)) {
            String id = producer.send(client.message(topic, "one").build()).getMessageId().toString();
            MessageView dead = next(undertaker);
            return Map.of("attempts", attempts.get(), "sameId", id.equals(dead.getMessageId().toString()));
        }
    }

    private static MessageView next(SimpleConsumer consumer) throws Exception {
        MessageView[] found = new MessageView[1];
        boolean came = Client.holds(() -> {
            List<MessageView> messages = consumer.receive(1, INVISIBLE);
            if (!messages.isEmpty()) found[0] = messages.get(0);
            return found[0] != null;
        });
        if (!came) throw new IllegalStateException("nothing came");
        return found[0];
    }

    private Deliveries() {
    }
}
