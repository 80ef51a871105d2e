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

/**
 * Two push consumers of one group that leave the assignment of queues to the broker, which was told that the group pops: each
 * gets messages of the one queue there is. One message fails at first and comes again. Clients before 5.0 cannot do it.
 */
final class PopConsume implements Callable<Map<String, Object>> {
    private static final int MESSAGES = 60;
    private final String nameServer;
    private final String topic;
    private final String group;
    private final Set<String> keys = ConcurrentHashMap.newKeySet();
    private final AtomicInteger handled = new AtomicInteger();
    private final AtomicInteger failures = new AtomicInteger();
    private final AtomicInteger retriedTimes = new AtomicInteger(-1);
    private final AtomicInteger topicsWrong = new AtomicInteger();

    PopConsume(String nameServer, String run) {
        this.nameServer = nameServer;
        this.topic = "Pop_" + run;
        this.group = "pop_" + run;
    }

    @Override
    public Map<String, Object> call() throws Exception {
        AtomicInteger one = new AtomicInteger();
        AtomicInteger other = new AtomicInteger();
        DefaultMQPushConsumer first = consumer("one", one);
        DefaultMQPushConsumer second = consumer("other", other);
        DefaultMQProducer producer = new DefaultMQProducer(group + "_producer");
        producer.setNamesrvAddr(nameServer);
        producer.start();
        int sent = 0;
        // until both have been given some: the second may be assigned its queue later
        while (sent < MESSAGES || one.get() == 0 || other.get() == 0) {
            if (sent >= 40 * MESSAGES) break;
            String key = String.valueOf(sent++);
            producer.send(new Message(topic, sent % 2 == 0 ? "even" : "odd", key, key.getBytes(StandardCharsets.UTF_8)));
            if (sent > MESSAGES) Thread.sleep(20);
        }
        int total = sent;
        boolean all = Until.holds(() -> keys.size() >= total);
        first.shutdown();
        second.shutdown();
        producer.shutdown();

        Map<String, Object> seen = new TreeMap<>();
        seen.put("all", all);
        seen.put("shared", one.get() > 0 && other.get() > 0);
        seen.put("twice", handled.get() - keys.size());
        seen.put("failures", failures.get());
        seen.put("retriedTimes", retriedTimes.get());
        seen.put("topicsWrong", topicsWrong.get());
        return seen;
    }

    private DefaultMQPushConsumer consumer(String instance, AtomicInteger mine) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(nameServer);
        consumer.setInstanceName(instance);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "even || odd");
        // not there in 4.x, against which this is compiled too
        consumer.getClass().getMethod("setClientRebalance", boolean.class).invoke(consumer, false);
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                if (!message.getTopic().equals(topic)) topicsWrong.incrementAndGet();
                if (message.getKeys().equals("7")) {
                    if (failures.incrementAndGet() == 1) return ConsumeConcurrentlyStatus.RECONSUME_LATER;
                    retriedTimes.set(message.getReconsumeTimes());
                }
                mine.incrementAndGet();
                handled.incrementAndGet();
                keys.add(message.getKeys());
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        return consumer;
    }
}
