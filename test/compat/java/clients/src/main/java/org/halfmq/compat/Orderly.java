package org.halfmq.compat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** A consumer in order: queue locks, and a failed message that holds up its queue until it succeeds. */
final class Orderly implements Callable<Map<String, Object>> {
    private static final int MESSAGES = 40;
    private final String nameServer;
    private final String topic;
    private final String group;
    private final Map<Integer, List<Integer>> orders = new ConcurrentHashMap<>();
    private final AtomicInteger taken = new AtomicInteger();
    private final AtomicInteger failures = new AtomicInteger();

    Orderly(String nameServer, String run) {
        this.nameServer = nameServer;
        this.topic = "Orderly_" + run;
        this.group = "orderly_" + run;
    }

    @Override
    public Map<String, Object> call() throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer(group + "_producer");
        producer.setNamesrvAddr(nameServer);
        producer.start();
        for (int i = 0; i < MESSAGES; i++) {
            Message message = new Message(topic, "", String.valueOf(i), "step".getBytes(StandardCharsets.UTF_8));
            producer.send(message, (queues, sent, argument) -> queues.get((Integer) argument % queues.size()), i);
        }
        DefaultMQPushConsumer consumer = startConsumer();
        boolean all = Until.holds(() -> taken.get() >= MESSAGES);
        consumer.shutdown();
        producer.shutdown();

        int sorted = 0;
        for (List<Integer> order : orders.values()) {
            List<Integer> expected = new ArrayList<>(order);
            Collections.sort(expected);
            if (expected.equals(order)) sorted++;
        }
        Map<String, Object> seen = new TreeMap<>();
        seen.put("all", all);
        seen.put("queues", orders.size());
        seen.put("sorted", sorted);
        seen.put("failures", failures.get());
        return seen;
    }

    private DefaultMQPushConsumer startConsumer() throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(nameServer);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerOrderly) (messages, context) -> {
            MessageExt message = messages.get(0);
            if (message.getKeys().equals("5") && failures.incrementAndGet() == 1) {
                context.setSuspendCurrentQueueTimeMillis(100);
                return ConsumeOrderlyStatus.SUSPEND_CURRENT_QUEUE_A_MOMENT;
            }
            orders.computeIfAbsent(message.getQueueId(), queue -> Collections.synchronizedList(new ArrayList<>()))
                .add(Integer.valueOf(message.getKeys()));
            taken.incrementAndGet();
            return ConsumeOrderlyStatus.SUCCESS;
        });
        consumer.start();
        return consumer;
    }
}
