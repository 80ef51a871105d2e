package org.halfmq.compat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** Synchronous, asynchronous, one-way and batch sends, a compressed body, a tag nobody wants; one push consumer. */
final class SendAndConsume implements Callable<Map<String, Object>> {
    private static final int EACH = 20;
    private static final int LARGE = 100_000;
    private final String nameServer;
    private final String topic;
    private final String group;
    private final Set<String> keys = ConcurrentHashMap.newKeySet();
    private final AtomicInteger deliveries = new AtomicInteger();
    private final AtomicInteger unwanted = new AtomicInteger();
    private final AtomicInteger whole = new AtomicInteger();

    SendAndConsume(String nameServer, String run) {
        this.nameServer = nameServer;
        this.topic = "SendAndConsume_" + run;
        this.group = "send_and_consume_" + run;
    }

    @Override
    public Map<String, Object> call() throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer(group + "_producer");
        producer.setNamesrvAddr(nameServer);
        producer.start();
        int stored = sendSynchronously(producer);
        int answered = sendAsynchronously(producer);
        for (int i = 0; i < EACH; i++) producer.sendOneway(message("one-way-" + i, "TagA", bytes("one-way")));
        SendResult large = producer.send(message("large", "TagB", largeBody()));
        List<Message> batch = new ArrayList<>();
        for (int i = 0; i < EACH; i++) batch.add(message("batch-" + i, "TagB", bytes("batch")));
        SendResult batched = producer.send(batch);
        producer.send(message("unwanted", "TagC", bytes("unwanted")));

        DefaultMQPushConsumer consumer = startConsumer();
        boolean all = Until.holds(() -> keys.size() == 4 * EACH + 1);
        consumer.shutdown();
        producer.shutdown();

        Map<String, Object> seen = new TreeMap<>();
        seen.put("stored", stored);
        seen.put("answered", answered);
        seen.put("large", large.getSendStatus() == SendStatus.SEND_OK);
        seen.put("batched", batched.getSendStatus() == SendStatus.SEND_OK);
        seen.put("all", all);
        seen.put("keys", keys.size());
        seen.put("deliveries", deliveries.get());
        seen.put("whole", whole.get());
        seen.put("unwanted", unwanted.get());
        return seen;
    }

    private int sendSynchronously(DefaultMQProducer producer) throws Exception {
        int stored = 0;
        for (int i = 0; i < EACH; i++) {
            SendResult result = producer.send(message("sync-" + i, "TagA", bytes("sync")));
            if (result.getSendStatus() == SendStatus.SEND_OK && result.getOffsetMsgId() != null) stored++;
        }
        return stored;
    }

    private int sendAsynchronously(DefaultMQProducer producer) throws Exception {
        CountDownLatch open = new CountDownLatch(EACH);
        AtomicInteger answered = new AtomicInteger();
        for (int i = 0; i < EACH; i++) {
            producer.send(message("async-" + i, "TagB", bytes("async")), new SendCallback() {
                @Override
                public void onSuccess(SendResult result) {
                    answered.incrementAndGet();
                    open.countDown();
                }

                @Override
                public void onException(Throwable error) {
                    error.printStackTrace();
                    open.countDown();
                }
            });
        }
        open.await(30, TimeUnit.SECONDS);
        return answered.get();
    }

    private DefaultMQPushConsumer startConsumer() throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(nameServer);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "TagA || TagB");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) take(message);
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        return consumer;
    }

    private void take(MessageExt message) {
        deliveries.incrementAndGet();
        if ("TagC".equals(message.getTags())) unwanted.incrementAndGet();
        boolean intact = ("value of " + message.getKeys()).equals(message.getUserProperty("mine"));
        if ("large".equals(message.getKeys())) intact &= Arrays.equals(message.getBody(), largeBody());
        if (intact) whole.incrementAndGet();
        keys.add(message.getKeys());
    }

    private Message message(String key, String tag, byte[] body) {
        Message message = new Message(topic, tag, key, body);
        message.putUserProperty("mine", "value of " + key);
        return message;
    }

    private static byte[] largeBody() {
        byte[] body = new byte[LARGE];
        for (int i = 0; i < LARGE; i++) body[i] = (byte) ('a' + i % 23);
        return body;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
