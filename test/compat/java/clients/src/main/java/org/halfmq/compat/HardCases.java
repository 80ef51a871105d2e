package org.halfmq.compat;

import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageAccessor;
import org.apache.rocketmq.common.message.MessageClientExt;
import org.apache.rocketmq.common.message.MessageConst;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.remoting.CommandCustomHeader;
import org.apache.rocketmq.remoting.RPCHook;
import org.apache.rocketmq.remoting.protocol.RemotingCommand;

/**
 * The hard cases of transactions (test/e2e/hard-cases) as far as a Java program can make them, all at once, each with a
 * producer group and a topic of its own. The broker checks after a second, and again after 1 and 2; 4 s later it parks.
 * What was seen is the number of deliveries of each case's message, and of checks where a case is about those.
 */
final class HardCases implements Callable<Map<String, Object>> {
    private static final String PARKED = "TRANS_CHECK_MAX_TIME_TOPIC";
    private static final String[] TOPICS = {"Case01", "Case02", "Case03", "Case04", "Case05", "Case06a", "Case06b", "Case07", "Case10",
        "Case11", "Case13", "Case14", "Case15"};
    private static final int CHECKS = 3;
    private static final LocalTransactionState COMMIT = LocalTransactionState.COMMIT_MESSAGE;
    private static final LocalTransactionState ROLLBACK = LocalTransactionState.ROLLBACK_MESSAGE;
    private static final LocalTransactionState UNKNOWN = LocalTransactionState.UNKNOW;

    private final String nameServer;
    private final String run;
    private final Counts delivered = new Counts();
    private final Counts checked = new Counts();
    private final Map<String, Object> seen = new ConcurrentSkipListMap<>();
    /** the copies that show what is parked, by key */
    private final Map<String, MessageExt> parked = new ConcurrentHashMap<>();

    HardCases(String nameServer, String run) {
        System.setProperty("rocketmq.client.rebalance.waitInterval", "1000");
        this.nameServer = nameServer;
        this.run = run;
    }

    @Override
    public Map<String, Object> call() throws Exception {
        List<Callable<Void>> cases = new ArrayList<>();
        cases.add(this::commitAfterCheckCommitted);
        cases.add(this::commitAfterCheckRolledBack);
        cases.add(this::longLocalTransaction);
        cases.add(this::verdictAfterTheLimit);
        cases.add(() -> clockHoursAway(3));
        cases.add(() -> clockHoursAway(-3));
        cases.add(this::twoProducersOfOneGroup);
        cases.add(this::longImmunity);
        cases.add(this::restartedProducer);
        cases.add(this::producersAway);
        cases.add(this::severalMessages);
        cases.add(this::tenVerdicts);
        cases.add(this::recoveredByAnOperator);
        DefaultMQProducer markers = new DefaultMQProducer("markers_" + run);
        markers.setNamesrvAddr(nameServer);
        markers.start();
        // topics are made by their first message
        for (String topic : TOPICS) markers.send(new Message(topic + "_" + run, "", "made", "made".getBytes(StandardCharsets.UTF_8)));
        DefaultMQPushConsumer consumer = consume("delivered", TOPICS);
        DefaultMQPushConsumer copies = consume("copies");
        copies.subscribe(PARKED, "*");
        ExecutorService threads = Executors.newCachedThreadPool();
        List<Future<Void>> running = new ArrayList<>();
        for (Callable<Void> each : cases) running.add(threads.submit(each));
        for (Future<Void> each : running) each.get();
        boolean all = everythingBeforeNowCame(markers);
        seen.put("all", all);
        delivered.forget("made");
        Map<String, Object> counts = new TreeMap<>();
        delivered.into(counts);
        counts.forEach((key, count) -> seen.put("delivered " + key, count));
        consumer.shutdown();
        copies.shutdown();
        markers.shutdown();
        return seen;
    }

    private Void commitAfterCheckCommitted() throws Exception {
        Producer producer = new Producer("Case01", message -> {
            waitFor(() -> delivered.of("1") > 0);
            return COMMIT;
        }, message -> COMMIT);
        producer.send("1");
        return null;
    }

    private Void commitAfterCheckRolledBack() throws Exception {
        long[] answered = new long[1];
        Producer producer = new Producer("Case02", message -> {
            // an answer leaves its client some time after this program gave it
            waitFor(() -> answered[0] != 0 && System.nanoTime() - answered[0] > 2_000_000_000L);
            return COMMIT;
        }, message -> {
            if (answered[0] == 0) answered[0] = System.nanoTime();
            return ROLLBACK;
        });
        producer.send("2");
        seen.put("checksOf2", checked.of("2"));
        return null;
    }

    private Void longLocalTransaction() throws Exception {
        Producer producer = new Producer("Case03", message -> {
            waitFor(() -> checked.of("3") >= 2);
            return COMMIT;
        }, message -> UNKNOWN);
        producer.send("3");
        Until.holds(() -> delivered.of("3") > 0);
        seen.put("checksOf3", checked.of("3"));
        return null;
    }

    private Void verdictAfterTheLimit() throws Exception {
        Producer producer = new Producer("Case04", message -> UNKNOWN, message -> UNKNOWN);
        SendResult half = producer.prepare(producer.message("4"));
        seen.put("parked4", Until.holds(() -> parked.containsKey("4")));
        seen.put("deliveredBeforeTheVerdictOf4", delivered.of("4"));
        producer.end("4", half, COMMIT);
        producer.end("4", half, COMMIT);
        producer.end("4", half, ROLLBACK);
        Until.holds(() -> delivered.of("4") > 0);
        seen.put("checksOf4", checked.of("4"));
        return null;
    }

    /** Its producer says of each request that it was made so many hours from now, as one with such a clock would. */
    private Void clockHoursAway(int hours) throws Exception {
        String key = "5" + (hours < 0 ? "-behind" : "-ahead");
        long[] first = new long[1];
        long[] born = new long[1];
        Producer producer = new Producer("Case05", "Case05" + key, message -> UNKNOWN, message -> {
            if (first[0] == 0) first[0] = System.currentTimeMillis();
            born[0] = message.getBornTimestamp();
            return COMMIT;
        }, new WrongClock(hours));
        Message message = producer.message(key);
        message.putUserProperty("CHECK_IMMUNITY_TIME_IN_SECONDS", "3");
        long sent = System.currentTimeMillis();
        producer.send(message);
        Until.holds(() -> delivered.of(key) > 0);
        seen.put("checkedEarly" + key, first[0] - sent < 3000);
        seen.put("bornHoursAway" + key, Math.round((born[0] - sent) / 3_600_000.0));
        seen.put("checksOf" + key, checked.of(key));
        return null;
    }

    private Void twoProducersOfOneGroup() throws Exception {
        AtomicInteger strangers = new AtomicInteger();
        for (String topic : new String[] {"Case06a", "Case06b"}) {
            Producer producer = new Producer(topic, "Case06", message -> UNKNOWN, message -> {
                if (!message.getTopic().startsWith(topic)) strangers.incrementAndGet();
                return checked.of(message.getKeys()) < 2 ? UNKNOWN : COMMIT;
            });
            producer.send(topic);
        }
        Until.holds(() -> delivered.of("Case06a") > 0 && delivered.of("Case06b") > 0);
        seen.put("wrongProducerAsked", strangers.get());
        return null;
    }

    private Void longImmunity() throws Exception {
        long[] first = new long[1];
        Producer producer = new Producer("Case07", message -> UNKNOWN, message -> {
            if (first[0] == 0) first[0] = System.currentTimeMillis();
            return checked.of("7") < CHECKS ? UNKNOWN : COMMIT;
        });
        Message message = producer.message("7");
        message.putUserProperty("CHECK_IMMUNITY_TIME_IN_SECONDS", "5");
        long sent = System.currentTimeMillis();
        producer.send(message);
        Until.holds(() -> delivered.of("7") > 0);
        seen.put("checkedInItsImmunity7", first[0] - sent < 5000);
        seen.put("checksOf7", checked.of("7"));
        return null;
    }

    private Void restartedProducer() throws Exception {
        Producer producer = new Producer("Case10", message -> UNKNOWN, message -> ROLLBACK);
        producer.send("10");
        producer.stop();
        new Producer("Case10", message -> UNKNOWN, message -> COMMIT);
        Until.holds(() -> delivered.of("10") > 0);
        return null;
    }

    private Void producersAway() throws Exception {
        Producer producer = new Producer("Case11", message -> UNKNOWN, message -> ROLLBACK);
        producer.send("11");
        producer.stop();
        // longer than all checks of another one take
        Until.holds(() -> parked.containsKey("4"));
        String[] number = {"none"};
        new Producer("Case11", message -> UNKNOWN, message -> {
            number[0] = message.getProperty("TRANSACTION_CHECK_TIMES");
            return COMMIT;
        });
        Until.holds(() -> delivered.of("11") > 0);
        seen.put("numberOfTheCheckOf11", number[0]);
        return null;
    }

    private Void severalMessages() throws Exception {
        for (LocalTransactionState verdict : new LocalTransactionState[] {COMMIT, ROLLBACK}) {
            Producer producer = new Producer("Case13", "Case13" + verdict, message -> UNKNOWN, message -> UNKNOWN);
            SendResult half = null;
            String prefix = verdict == COMMIT ? "13-" : "13-rolled-back-";
            for (String key : new String[] {"a", "b", "later"}) {
                Message message = producer.message(prefix + key);
                message.putUserProperty("HALFMQ_TX", run + "-" + verdict);
                if (key.equals("later")) MessageAccessor.putProperty(message, "TIMER_DELAY_SEC", "2");
                SendResult sent = producer.prepare(message);
                if (half == null) half = sent;
            }
            producer.end(prefix + "a", half, verdict);
        }
        Until.holds(() -> delivered.of("13-a") > 0 && delivered.of("13-b") > 0);
        Until.holds(() -> delivered.of("13-later") > 0);
        return null;
    }

    private Void tenVerdicts() throws Exception {
        Producer producer = new Producer("Case14", message -> UNKNOWN, message -> UNKNOWN);
        for (LocalTransactionState first : new LocalTransactionState[] {COMMIT, ROLLBACK}) {
            String key = "14-" + first;
            SendResult half = producer.prepare(producer.message(key));
            for (int each = 0; each < 10; each++) producer.end(key, half, each % 2 == 0 ? first : first == COMMIT ? ROLLBACK : COMMIT);
        }
        Until.holds(() -> delivered.of("14-" + COMMIT) > 0);
        return null;
    }

    private Void recoveredByAnOperator() throws Exception {
        Producer producer = new Producer("Case15", message -> UNKNOWN, message -> checked.of("15") <= CHECKS ? UNKNOWN : COMMIT);
        producer.send("15");
        Until.holds(() -> parked.containsKey("15"));
        seen.put("resumed15", producer.resume(parked.get("15")));
        Until.holds(() -> delivered.of("15") > 0);
        seen.put("resumedAgain15", producer.resume(parked.get("15")));
        seen.put("checksOf15", checked.of("15"));
        return null;
    }

    /** A broker's queues are read in order: when these came, whatever was delivered before them has come too. */
    private boolean everythingBeforeNowCame(DefaultMQProducer producer) throws Exception {
        int marks = 0;
        for (String topic : TOPICS) {
            for (int queue = 0; queue < producer.fetchPublishMessageQueues(topic + "_" + run).size(); queue++) {
                Message mark = new Message(topic + "_" + run, "", "mark", "mark".getBytes(StandardCharsets.UTF_8));
                int chosen = queue;
                producer.send(mark, (queues, message, argument) -> queues.get(chosen), null);
                marks++;
            }
        }
        int wanted = marks;
        boolean all = Until.holds(() -> delivered.of("mark") >= wanted);
        delivered.forget("mark");
        return all;
    }

    private DefaultMQPushConsumer consume(String name, String... topics) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(name + "_" + run);
        consumer.setNamesrvAddr(nameServer);
        consumer.setInstanceName(name + "_" + run);
        consumer.setPollNameServerInterval(500);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        for (String topic : topics) consumer.subscribe(topic + "_" + run, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                if (message.getTopic().equals(PARKED)) parked.put(message.getKeys(), message);
                else delivered.add(message.getKeys());
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        return consumer;
    }

    private static void waitFor(Callable<Boolean> condition) {
        try {
            Until.holds(condition);
        } catch (Exception interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    private interface Execute {
        LocalTransactionState of(Message message);
    }

    private interface Check {
        LocalTransactionState of(MessageExt message);
    }

    /** One transactional producer of a case, as one process of a service would have it. */
    private final class Producer {
        private final TransactionMQProducer producer;
        private final String topic;

        Producer(String topic, Execute execute, Check check) throws Exception {
            this(topic, topic, execute, check);
        }

        Producer(String topic, String group, Execute execute, Check check) throws Exception {
            this(topic, group, execute, check, null);
        }

        Producer(String topic, String group, Execute execute, Check check, RPCHook hook) throws Exception {
            this.topic = topic + "_" + run;
            producer = new TransactionMQProducer(group + "_" + run, hook);
            producer.setNamesrvAddr(nameServer);
            producer.setInstanceName(this.topic + System.nanoTime());
            declare(this.topic);
            producer.setPollNameServerInterval(500);
            producer.setHeartbeatBrokerInterval(500);
            producer.setTransactionListener(new TransactionListener() {
                @Override
                public LocalTransactionState executeLocalTransaction(Message message, Object argument) {
                    return execute.of(message);
                }

                @Override
                public LocalTransactionState checkLocalTransaction(MessageExt message) {
                    checked.add(message.getKeys());
                    return check.of(message);
                }
            });
            producer.start();
        }

        /** A producer that has not sent yet is connected to no broker, unless it names its topics: newer clients alone can. */
        private void declare(String name) throws Exception {
            for (Method method : producer.getClass().getMethods()) {
                if (method.getName().equals("setTopics")) method.invoke(producer, Collections.singletonList(name));
            }
        }

        Message message(String key) {
            return new Message(topic, "", key, key.getBytes(StandardCharsets.UTF_8));
        }

        void send(String key) throws Exception {
            send(message(key));
        }

        void send(Message message) throws Exception {
            producer.sendMessageInTransaction(message, null);
        }

        /** The first step of sendMessageInTransaction alone. */
        SendResult prepare(Message message) throws Exception {
            MessageAccessor.putProperty(message, MessageConst.PROPERTY_TRANSACTION_PREPARED, "true");
            MessageAccessor.putProperty(message, MessageConst.PROPERTY_PRODUCER_GROUP, producer.getProducerGroup());
            return producer.send(message);
        }

        void end(String key, SendResult half, LocalTransactionState verdict) throws Exception {
            producer.getDefaultMQProducerImpl().endTransaction(message(key), half, verdict, null);
        }

        /** RESUME_CHECK_HALF_MESSAGE; the two generations of the client name the ways there differently. */
        boolean resume(MessageExt copy) throws Exception {
            Object factory = call(producer.getDefaultMQProducerImpl(), "getMqClientFactory");
            Object api = call(factory, "getMQClientAPIImpl");
            String address = copy.getStoreHost().toString().replace("/", "");
            String id = ((MessageClientExt) copy).getOffsetMsgId();
            for (Method method : api.getClass().getMethods()) {
                if (!method.getName().equals("resumeCheckHalfMessage")) continue;
                Object[] given = method.getParameterCount() == 3
                    ? new Object[] {address, id, 3000L} : new Object[] {address, copy.getTopic(), id, 3000L};
                return (Boolean) method.invoke(api, given);
            }
            throw new IllegalStateException("this client cannot resume checks");
        }

        private Object call(Object target, String getter) throws Exception {
            for (Method method : target.getClass().getMethods()) {
                if (method.getName().equalsIgnoreCase(getter)) return method.invoke(target);
            }
            throw new IllegalStateException(target.getClass() + " has no " + getter);
        }

        void stop() {
            producer.shutdown();
        }
    }

    private static final class WrongClock implements RPCHook {
        private final long awayMs;

        WrongClock(int hours) {
            awayMs = hours * 3_600_000L;
        }

        @Override
        public void doBeforeRequest(String address, RemotingCommand request) {
            CommandCustomHeader header = request.readCustomHeader();
            if (header == null || !header.getClass().getSimpleName().equals("SendMessageRequestHeaderV2")) return;
            try {
                // bornTimestamp; the two generations of the client have this class in different packages
                Long born = (Long) header.getClass().getMethod("getG").invoke(header);
                header.getClass().getMethod("setG", Long.class).invoke(header, born + awayMs);
            } catch (ReflectiveOperationException other) {
                throw new IllegalStateException(other);
            }
        }

        @Override
        public void doAfterResponse(String address, RemotingCommand request, RemotingCommand response) {
        }
    }

    private static final class Counts {
        private final Map<String, AtomicInteger> counts = new ConcurrentHashMap<>();

        void add(String key) {
            counts.computeIfAbsent(key, none -> new AtomicInteger()).incrementAndGet();
        }

        int of(String key) {
            AtomicInteger count = counts.get(key);
            return count == null ? 0 : count.get();
        }

        void forget(String key) {
            counts.remove(key);
        }

        void into(Map<String, Object> seen) {
            counts.forEach((key, count) -> seen.put(key, count.get()));
        }
    }
}
