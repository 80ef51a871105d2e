package org.halfmq.compat;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** Two members of one group share four queues; one leaves, and the other takes all. */
final class Rebalance implements Callable<Map<String, Object>> {
    private static final int MESSAGES = 40;
    private final String nameServer;
    private final String topic;
    private final String group;
    private final Set<String> keys = ConcurrentHashMap.newKeySet();

    Rebalance(String nameServer, String run) {
        this.nameServer = nameServer;
        this.topic = "Rebalance_" + run;
        this.group = "rebalance_" + run;
    }

    @Override
    public Map<String, Object> call() throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer(group + "_producer");
        producer.setNamesrvAddr(nameServer);
        producer.start();
        send(producer, "first");

        Set<String> one = ConcurrentHashMap.newKeySet();
        Set<String> two = ConcurrentHashMap.newKeySet();
        DefaultMQPushConsumer first = member("one", one);
        DefaultMQPushConsumer second = member("two", two);
        boolean shared = Until.holds(() -> queues(first) == 2 && queues(second) == 2);
        boolean firstRound = Until.holds(() -> keys.size() == MESSAGES);
        send(producer, "second");
        boolean secondRound = Until.holds(() -> keys.size() == 2 * MESSAGES);
        boolean both = count(one, "second") == MESSAGES / 2 && count(two, "second") == MESSAGES / 2;
        second.shutdown();
        boolean taken = Until.holds(() -> queues(first) == 4);
        send(producer, "third");
        boolean thirdRound = Until.holds(() -> keys.size() == 3 * MESSAGES);
        long alone = count(one, "third");
        first.shutdown();
        producer.shutdown();

        Map<String, Object> seen = new TreeMap<>();
        seen.put("shared", shared);
        seen.put("rounds", firstRound && secondRound && thirdRound);
        seen.put("both", both);
        seen.put("taken", taken);
        seen.put("alone", alone);
        return seen;
    }

    private void send(DefaultMQProducer producer, String round) throws Exception {
        for (int i = 0; i < MESSAGES; i++) {
            Message message = new Message(topic, "", round + i, round.getBytes(StandardCharsets.UTF_8));
            producer.send(message, (queues, sent, argument) -> queues.get((Integer) argument % queues.size()), i);
        }
    }

    private DefaultMQPushConsumer member(String name, Set<String> own) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(nameServer);
        consumer.setInstanceName(name);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                own.add(message.getKeys());
                keys.add(message.getKeys());
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        return consumer;
    }

    private static long count(Set<String> keys, String round) {
        return keys.stream().filter(key -> key.startsWith(round)).count();
    }

    private int queues(DefaultMQPushConsumer consumer) {
        int queues = 0;
        for (MessageQueue queue : consumer.getDefaultMQPushConsumerImpl().getRebalanceImpl().getProcessQueueTable().keySet()) {
            if (queue.getTopic().equals(topic)) queues++;
        }
        return queues;
    }
}
