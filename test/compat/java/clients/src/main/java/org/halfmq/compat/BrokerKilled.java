package org.halfmq.compat;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Prepares half messages and says READY when the first check has come: the broker is killed then, the record of one half
 * message is damaged, and the broker is started again on what is left. Every first check is answered with "unknown".
 */
final class BrokerKilled implements Callable<Map<String, Object>> {
    private static final int LARGE = 30_000;

    private final String nameServer;
    private final String topic;
    private final String group;
    private final Map<String, AtomicInteger> delivered = new ConcurrentHashMap<>();
    private final Map<String, AtomicInteger> checked = new ConcurrentHashMap<>();

    BrokerKilled(String nameServer, String run) {
        this.nameServer = nameServer;
        this.topic = "BrokerKilled_" + run;
        this.group = "broker_killed_" + run;
    }

    @Override
    public Map<String, Object> call() throws Exception {
        TransactionMQProducer producer = new TransactionMQProducer(group);
        producer.setNamesrvAddr(nameServer);
        producer.setHeartbeatBrokerInterval(500);
        producer.setCompressMsgBodyOverHowmuch(Integer.MAX_VALUE);
        producer.setTransactionListener(new Listener());
        producer.start();
        // the damaged one first: what is stored in the same turn as it lies in the same block and is lost with it
        for (String key : new String[] {"damaged", "before", "committed", "after"}) {
            byte[] body = key.equals("damaged") ? large() : key.getBytes(StandardCharsets.UTF_8);
            producer.sendMessageInTransaction(new Message(topic, "", key, body), null);
        }
        Until.holds(() -> count(checked, "before") > 0);
        System.out.println("READY");
        Until.holds(() -> count(checked, "before") > 1 && count(checked, "after") > 1);
        DefaultMQPushConsumer consumer = startConsumer();
        boolean all = Until.holds(() -> delivered.size() >= 3);
        consumer.shutdown();
        producer.shutdown();

        Map<String, Object> seen = new TreeMap<>();
        seen.put("all", all);
        for (String key : new String[] {"before", "committed", "damaged", "after"}) seen.put(key, count(delivered, key));
        return seen;
    }

    /** Not merged with others on the disk. */
    private static byte[] large() {
        StringBuilder text = new StringBuilder("DAMAGE-ME-HERE");
        while (text.length() < LARGE) text.append('x');
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private DefaultMQPushConsumer startConsumer() throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group + "_consumer");
        consumer.setNamesrvAddr(nameServer);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) add(delivered, message.getKeys());
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        return consumer;
    }

    private final class Listener implements TransactionListener {
        @Override
        public LocalTransactionState executeLocalTransaction(Message message, Object argument) {
            return message.getKeys().equals("committed") ? LocalTransactionState.COMMIT_MESSAGE : LocalTransactionState.UNKNOW;
        }

        @Override
        public LocalTransactionState checkLocalTransaction(MessageExt message) {
            return add(checked, message.getKeys()) < 2 ? LocalTransactionState.UNKNOW : LocalTransactionState.COMMIT_MESSAGE;
        }
    }

    private static int add(Map<String, AtomicInteger> counts, String key) {
        return counts.computeIfAbsent(key, none -> new AtomicInteger()).incrementAndGet();
    }

    private static int count(Map<String, AtomicInteger> counts, String key) {
        return counts.containsKey(key) ? counts.get(key).get() : 0;
    }
}
