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

/** The transactional producer: commit, rollback, and both as answers to a check-back, the commit at its second check. */
final class Transactions implements Callable<Map<String, Object>> {
    private final String nameServer;
    private final String topic;
    private final String group;
    private final Map<String, AtomicInteger> delivered = new ConcurrentHashMap<>();
    private final Map<String, AtomicInteger> checked = new ConcurrentHashMap<>();

    Transactions(String nameServer, String run) {
        this.nameServer = nameServer;
        this.topic = "Transactions_" + run;
        this.group = "transactions_" + run;
    }

    @Override
    public Map<String, Object> call() throws Exception {
        TransactionMQProducer producer = new TransactionMQProducer(group);
        producer.setNamesrvAddr(nameServer);
        producer.setTransactionListener(new Listener());
        producer.start();
        for (String key : new String[] {"rollback", "check-rollback", "check-commit", "commit"}) {
            producer.sendMessageInTransaction(new Message(topic, "", key, key.getBytes(StandardCharsets.UTF_8)), null);
        }
        DefaultMQPushConsumer consumer = startConsumer();
        boolean all = Until.holds(() -> delivered.containsKey("commit") && delivered.containsKey("check-commit")
            && count(checked, "check-rollback") > 0);
        consumer.shutdown();
        producer.shutdown();

        Map<String, Object> seen = new TreeMap<>();
        seen.put("all", all);
        seen.put("commit", count(delivered, "commit"));
        seen.put("checkCommit", count(delivered, "check-commit"));
        seen.put("rollback", count(delivered, "rollback"));
        seen.put("checkRollback", count(delivered, "check-rollback"));
        seen.put("checksOfCommit", count(checked, "check-commit"));
        seen.put("checksOfDecided", count(checked, "commit") + count(checked, "rollback"));
        return seen;
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
            switch (message.getKeys()) {
                case "commit": return LocalTransactionState.COMMIT_MESSAGE;
                case "rollback": return LocalTransactionState.ROLLBACK_MESSAGE;
                default: return LocalTransactionState.UNKNOW;
            }
        }

        @Override
        public LocalTransactionState checkLocalTransaction(MessageExt message) {
            int times = add(checked, message.getKeys());
            if (message.getKeys().equals("check-rollback")) return LocalTransactionState.ROLLBACK_MESSAGE;
            return times < 2 ? LocalTransactionState.UNKNOW : LocalTransactionState.COMMIT_MESSAGE;
        }
    }

    private static int add(Map<String, AtomicInteger> counts, String key) {
        return counts.computeIfAbsent(key, none -> new AtomicInteger()).incrementAndGet();
    }

    private static int count(Map<String, AtomicInteger> counts, String key) {
        return counts.containsKey(key) ? counts.get(key).get() : 0;
    }
}
