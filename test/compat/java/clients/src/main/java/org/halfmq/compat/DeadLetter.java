package org.halfmq.compat;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** One message fails for ever and ends in the dead-letter topic after its last attempt; one succeeds at the second. */
final class DeadLetter implements Callable<Map<String, Object>> {
    private static final int MAX_RECONSUME = 2;
    private final String nameServer;
    private final String topic;
    private final String group;
    private final AtomicInteger badAttempts = new AtomicInteger();
    private final AtomicInteger lateAttempts = new AtomicInteger();
    private final AtomicInteger buried = new AtomicInteger();
    private final AtomicReference<String> buriedId = new AtomicReference<>("");
    private final AtomicReference<String> topicsSeen = new AtomicReference<>("");

    DeadLetter(String nameServer, String run) {
        this.nameServer = nameServer;
        this.topic = "DeadLetter_" + run;
        this.group = "dead_letter_" + run;
    }

    @Override
    public Map<String, Object> call() throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer(group + "_producer");
        producer.setNamesrvAddr(nameServer);
        producer.start();
        String badId = producer.send(message("bad")).getMsgId();
        producer.send(message("late"));

        DefaultMQPushConsumer consumer = consumer(group, topic, (messages, context) -> {
            MessageExt message = messages.get(0);
            topicsSeen.set(message.getTopic());
            if (message.getKeys().equals("bad")) {
                badAttempts.incrementAndGet();
                return ConsumeConcurrentlyStatus.RECONSUME_LATER;
            }
            return lateAttempts.incrementAndGet() < 2 ? ConsumeConcurrentlyStatus.RECONSUME_LATER
                : ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.setMaxReconsumeTimes(MAX_RECONSUME);
        consumer.start();
        boolean tried = Until.holds(() -> badAttempts.get() == MAX_RECONSUME + 1 && lateAttempts.get() == 2);

        DefaultMQPushConsumer undertaker = consumer(group + "_undertaker", "%DLQ%" + group, (messages, context) -> {
            buriedId.set(messages.get(0).getMsgId());
            buried.addAndGet(messages.size());
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        undertaker.start();
        Until.holds(() -> buried.get() > 0);
        undertaker.shutdown();
        consumer.shutdown();
        producer.shutdown();

        Map<String, Object> seen = new TreeMap<>();
        seen.put("tried", tried);
        seen.put("badAttempts", badAttempts.get());
        seen.put("lateAttempts", lateAttempts.get());
        seen.put("buried", buried.get());
        seen.put("sameId", buriedId.get().equals(badId));
        seen.put("ownTopic", topicsSeen.get().equals(topic));
        return seen;
    }

    private DefaultMQPushConsumer consumer(String name, String from, MessageListenerConcurrently listener) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(name);
        consumer.setNamesrvAddr(nameServer);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setConsumeMessageBatchMaxSize(1);
        consumer.subscribe(from, "*");
        consumer.registerMessageListener(listener);
        return consumer;
    }

    private Message message(String key) {
        return new Message(topic, "", key, key.getBytes(StandardCharsets.UTF_8));
    }
}
