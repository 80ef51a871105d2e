package org.halfmq.compat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;

/** Messages selected by their properties: sent before and after the consumer came, and an expression that is none. */
final class Filter implements Callable<Map<String, Object>> {
    private final String nameServer;
    private final String topic;

    Filter(String nameServer, String run) {
        this.nameServer = nameServer;
        this.topic = "Filter_" + run;
    }

    @Override
    public Map<String, Object> call() throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("filter_" + topic);
        producer.setNamesrvAddr(nameServer);
        producer.start();
        for (int amount : new int[] {1, 20, 30, 400}) send(producer, "old", amount);

        List<String> got = new CopyOnWriteArrayList<>();
        DefaultMQPushConsumer consumer = consumer("selecting", "amount BETWEEN 10 AND 100 AND kind IN ('old', 'new') AND TAGS <> 'b'", got);
        consumer.start();
        Until.holds(() -> got.size() == 2);
        for (int amount : new int[] {2, 50, 500}) send(producer, "new", amount);
        send(producer, "other", 50);

        Map<String, Object> seen = new TreeMap<>();
        seen.put("all", Until.holds(() -> got.size() == 3));
        got.sort(null);
        seen.put("got", String.join(" ", got));
        seen.put("refused", refused());
        consumer.shutdown();
        producer.shutdown();
        return seen;
    }

    /** The client asks a broker at its start, and gives the broker's answer. */
    private int refused() {
        try {
            DefaultMQPushConsumer wrong = consumer("wrong", "amount >", new CopyOnWriteArrayList<>());
            wrong.start();
            wrong.shutdown();
            return 0;
        } catch (MQClientException refusal) {
            return refusal.getResponseCode();
        }
    }

    private DefaultMQPushConsumer consumer(String group, String expression, List<String> got) throws MQClientException {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group + "_" + topic);
        consumer.setNamesrvAddr(nameServer);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, MessageSelector.bySql(expression));
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(message -> got.add(new String(message.getBody(), StandardCharsets.UTF_8)));
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        return consumer;
    }

    private void send(DefaultMQProducer producer, String kind, int amount) throws Exception {
        Message message = new Message(topic, "a", (kind + "-" + amount).getBytes(StandardCharsets.UTF_8));
        message.putUserProperty("amount", String.valueOf(amount));
        message.putUserProperty("kind", kind);
        producer.send(message);
    }
}
