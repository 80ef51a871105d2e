package org.halfmq.compat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.apache.rocketmq.client.QueryResult;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** Messages found again: by business key, by message id, by offset message id. */
final class Query implements Callable<Map<String, Object>> {
    private final String nameServer;
    private final String topic;

    Query(String nameServer, String run) {
        this.nameServer = nameServer;
        this.topic = "Query_" + run;
    }

    @Override
    public Map<String, Object> call() throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("query_" + topic);
        producer.setNamesrvAddr(nameServer);
        producer.start();
        long begin = System.currentTimeMillis() - 60_000;
        long end = begin + 3_600_000;
        SendResult first = producer.send(message("first", "order-7 customer-1"));
        SendResult second = producer.send(message("second", "order-7"));
        producer.send(message("third", "order-8"));

        Map<String, Object> seen = new TreeMap<>();
        seen.put("byKey", producer.queryMessage(topic, "order-7", 10, begin, end).getMessageList().size());
        seen.put("byOtherKey", body(producer.queryMessage(topic, "customer-1", 10, begin, end)));
        seen.put("newest", body(producer.queryMessage(topic, "order-7", 1, begin, end)));
        seen.put("byMessageId", body(producer.viewMessage(topic, first.getMsgId())));
        seen.put("byOffsetMessageId", body(producer.viewMessage(topic, second.getOffsetMsgId())));
        seen.put("tooEarly", found(producer, "order-7", 0, begin));
        seen.put("unknown", found(producer, "order-9", begin, end));
        producer.shutdown();
        return seen;
    }

    private Message message(String body, String keys) {
        return new Message(topic, "", keys, body.getBytes(StandardCharsets.UTF_8));
    }

    private static String body(QueryResult result) {
        List<MessageExt> messages = result.getMessageList();
        return messages.size() == 1 ? body(messages.get(0)) : messages.size() + " messages";
    }

    private static String body(MessageExt message) {
        return new String(message.getBody(), StandardCharsets.UTF_8);
    }

    /** The client says by an exception that nothing was found. */
    private boolean found(DefaultMQProducer producer, String key, long begin, long end) throws InterruptedException {
        try {
            return !producer.queryMessage(topic, key, 10, begin, end).getMessageList().isEmpty();
        } catch (MQClientException nothing) {
            return false;
        }
    }
}
