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
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** Two messages wait for their time, one is taken back. Clients before 5.3.2 cannot do it. */
final class Recall implements Callable<Map<String, Object>> {
    private final String nameServer;
    private final String topic;
    private final String group;
    private final Set<String> came = ConcurrentHashMap.newKeySet();

    Recall(String nameServer, String run) {
        this.nameServer = nameServer;
        this.topic = "Recall_" + run;
        this.group = "recall_" + run;
    }

    @Override
    public Map<String, Object> call() throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer(group + "_producer");
        producer.setNamesrvAddr(nameServer);
        producer.start();
        SendResult first = producer.send(message("first"));
        producer.send(message("second"));
        // not there in 4.x, against which this is compiled too
        Object handle = SendResult.class.getMethod("getRecallHandle").invoke(first);
        Object id = DefaultMQProducer.class.getMethod("recallMessage", String.class, String.class)
            .invoke(producer, topic, handle);

        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(nameServer);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) came.add(message.getKeys());
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        boolean second = Until.holds(() -> came.contains("second"));
        consumer.shutdown();
        producer.shutdown();

        Map<String, Object> seen = new TreeMap<>();
        seen.put("second", second);
        seen.put("first", came.contains("first"));
        seen.put("sameId", first.getMsgId().equals(id));
        return seen;
    }

    /** The first is due before the second: had it not been taken back, it would have come. */
    private Message message(String key) throws Exception {
        Message message = new Message(topic, "", key, key.getBytes(StandardCharsets.UTF_8));
        long delay = key.equals("first") ? 3_000L : 4_000L;
        Message.class.getMethod("setDelayTimeMs", long.class).invoke(message, delay);
        return message;
    }
}
