package org.halfmq.compat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** Half messages that nobody resolves. Says READY when all are stored, and ends when each was checked three times. */
final class Wear implements Callable<Map<String, Object>> {
    private static final int HALVES = 1_000;
    private static final int THREADS = 8;
    private static final int CHECKS = 3;
    private static final byte[] BODY = new byte[1024];

    private final String nameServer;
    private final String run;
    private final Map<String, AtomicInteger> checked = new ConcurrentHashMap<>();

    Wear(String nameServer, String run) {
        this.nameServer = nameServer;
        this.run = run;
    }

    @Override
    public Map<String, Object> call() throws Exception {
        TransactionMQProducer producer = new TransactionMQProducer("wear_" + run);
        producer.setNamesrvAddr(nameServer);
        producer.setHeartbeatBrokerInterval(500);
        producer.setTransactionListener(new TransactionListener() {
            @Override
            public LocalTransactionState executeLocalTransaction(Message message, Object argument) {
                return LocalTransactionState.UNKNOW;
            }

            @Override
            public LocalTransactionState checkLocalTransaction(MessageExt message) {
                checked.computeIfAbsent(message.getKeys(), none -> new AtomicInteger()).incrementAndGet();
                return LocalTransactionState.UNKNOW;
            }
        });
        producer.start();
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        List<Future<?>> sent = new ArrayList<>();
        for (int each = 0; each < HALVES; each++) {
            Message message = new Message("Wear_" + run, "", "h" + each, BODY);
            sent.add(threads.submit(() -> producer.sendMessageInTransaction(message, null)));
        }
        for (Future<?> each : sent) each.get();
        threads.shutdown();
        System.out.println("READY");
        Map<String, Object> seen = new TreeMap<>();
        seen.put("eachCheckedThreeTimes", Until.holds(() -> checked.size() == HALVES
            && checked.values().stream().allMatch(count -> count.get() >= CHECKS)));
        seen.put("halves", checked.size());
        producer.shutdown();
        return seen;
    }
}
