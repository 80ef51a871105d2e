package org.halfmq.compat;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** In the namespace "eu": sends for another client of it (tag java), and handles what that one sends (tag js), one of it twice. */
final class Namespace implements Callable<Map<String, Object>> {
    private static final int EACH = 3;
    private final String nameServer;
    private final String topic;
    private final String group;
    private final Set<String> taken = ConcurrentHashMap.newKeySet();
    private final AtomicInteger retried = new AtomicInteger();
    private final AtomicInteger topicsWrong = new AtomicInteger();

    Namespace(String nameServer, String run) {
        this.nameServer = nameServer;
        this.topic = "Names_" + run;
        this.group = "names_" + run;
    }

    @Override
    @SuppressWarnings("deprecation")
    public Map<String, Object> call() throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer(group + "_producer");
        producer.setNamespace("eu");
        producer.setNamesrvAddr(nameServer);
        producer.start();
        for (int i = 0; i < EACH; i++) {
            producer.send(new Message(topic, "java", ("java-" + i).getBytes(StandardCharsets.UTF_8)));
        }
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamespace("eu");
        consumer.setNamesrvAddr(nameServer);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "js");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                String text = new String(message.getBody(), StandardCharsets.UTF_8);
                if (!message.getTopic().equals(topic)) topicsWrong.incrementAndGet();
                if (text.equals("js-1") && message.getReconsumeTimes() == 0) return ConsumeConcurrentlyStatus.RECONSUME_LATER;
                if (message.getReconsumeTimes() > 0) retried.incrementAndGet();
                taken.add(text);
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        boolean all = Until.holds(() -> taken.size() >= EACH);
        consumer.shutdown();
        producer.shutdown();

        Map<String, Object> seen = new TreeMap<>();
        seen.put("all", all);
        seen.put("retried", retried.get());
        seen.put("topicsWrong", topicsWrong.get());
        return seen;
    }
}
