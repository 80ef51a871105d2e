package org.halfmq.compat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Topics as an operator made them: one whose order configuration names the queues to send to, one of batches. The name servers
 * are those the address server (rocketmq.namesrv.domain) names: none is set here.
 */
final class TopicsOfOperators implements Callable<Map<String, Object>> {
    private static final int MESSAGES = 30;
    private final String ordered;
    private final String batched;
    private final String group;
    private final Map<Integer, List<Integer>> orders = new ConcurrentHashMap<>();
    private final Set<String> ofBatches = ConcurrentHashMap.newKeySet();

    TopicsOfOperators(String run) {
        this.ordered = "OrderedByConf_" + run;
        this.batched = "Batched_" + run;
        this.group = "operators_" + run;
    }

    @Override
    public Map<String, Object> call() throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer(group + "_producer");
        producer.start();
        int queues = producer.fetchPublishMessageQueues(ordered).size();
        for (int i = 0; i < MESSAGES; i++) {
            Message message = new Message(ordered, "", String.valueOf(i), "step".getBytes(StandardCharsets.UTF_8));
            producer.send(message, (all, sent, argument) -> all.get((Integer) argument % all.size()), i);
        }
        List<Message> batch = new ArrayList<>();
        for (int i = 0; i < MESSAGES; i++) {
            batch.add(new Message(batched, "", "b" + i, ("batch " + i).getBytes(StandardCharsets.UTF_8)));
        }
        String status = producer.send(batch).getSendStatus().name();
        DefaultMQPushConsumer consumer = consumer();
        boolean all = Until.holds(() -> taken() >= MESSAGES && ofBatches.size() >= MESSAGES);
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
        seen.put("publishQueues", queues);
        seen.put("usedQueues", orders.size());
        seen.put("sorted", sorted);
        seen.put("batch", status);
        return seen;
    }

    private DefaultMQPushConsumer consumer() throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(ordered, "*");
        consumer.subscribe(batched, "*");
        consumer.registerMessageListener((MessageListenerOrderly) (messages, context) -> {
            for (MessageExt message : messages) {
                if (message.getTopic().equals(batched)) {
                    ofBatches.add(message.getKeys());
                    continue;
                }
                orders.computeIfAbsent(message.getQueueId(), id -> Collections.synchronizedList(new ArrayList<>()))
                    .add(Integer.valueOf(message.getKeys()));
            }
            return ConsumeOrderlyStatus.SUCCESS;
        });
        consumer.start();
        return consumer;
    }

    private int taken() {
        int taken = 0;
        for (List<Integer> order : orders.values()) taken += order.size();
        return taken;
    }
}
