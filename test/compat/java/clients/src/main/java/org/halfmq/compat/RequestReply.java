package org.halfmq.compat;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.exception.RequestTimeoutException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.RequestCallback;
import org.apache.rocketmq.client.utils.MessageUtil;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** A producer asks, a consumer replies; one question is never answered. */
final class RequestReply implements Callable<Map<String, Object>> {
    private static final int QUESTIONS = 10;
    private final String nameServer;
    private final String topic;
    private final String group;
    private final AtomicInteger replied = new AtomicInteger();

    RequestReply(String nameServer, String run) {
        this.nameServer = nameServer;
        this.topic = "Request_" + run;
        this.group = "request_" + run;
    }

    @Override
    public Map<String, Object> call() throws Exception {
        DefaultMQProducer replier = producer("_replier");
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(nameServer);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                String text = new String(message.getBody(), StandardCharsets.UTF_8);
                if (text.equals("silence")) continue;
                try {
                    byte[] answer = ("re: " + text).getBytes(StandardCharsets.UTF_8);
                    replier.send(MessageUtil.createReplyMessage(message, answer));
                    replied.incrementAndGet();
                } catch (Exception failure) {
                    failure.printStackTrace();
                }
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        DefaultMQProducer asker = producer("_asker");
        // the topic is made by another: an asker that knows it does not tell the broker that it is there (RocketMQ's client)
        replier.send(new Message(topic, "silence".getBytes(StandardCharsets.UTF_8)));
        consumer.start();

        int answered = 0;
        for (int i = 0; i < QUESTIONS; i++) {
            Message answer = ask(asker, "question " + i, 30_000).get();
            if (new String(answer.getBody(), StandardCharsets.UTF_8).equals("re: question " + i)) answered++;
        }
        boolean timedOut = false;
        try {
            ask(asker, "silence", 500).get();
        } catch (ExecutionException expected) {
            timedOut = expected.getCause() instanceof RequestTimeoutException;
        }
        consumer.shutdown();
        asker.shutdown();
        replier.shutdown();

        Map<String, Object> seen = new TreeMap<>();
        seen.put("answered", answered);
        seen.put("replied", replied.get());
        seen.put("timedOut", timedOut);
        return seen;
    }

    /** By a selector and a callback: all other ways end as soon as the request is sent in RocketMQ's client 5.3.3 (its #9608). */
    private CompletableFuture<Message> ask(DefaultMQProducer asker, String text, long timeoutMs) throws Exception {
        CompletableFuture<Message> answer = new CompletableFuture<>();
        Message question = new Message(topic, text.getBytes(StandardCharsets.UTF_8));
        asker.request(question, (queues, message, none) -> queues.get(0), null, new RequestCallback() {
            @Override
            public void onSuccess(Message message) {
                answer.complete(message);
            }

            @Override
            public void onException(Throwable failure) {
                answer.completeExceptionally(failure);
            }
        }, timeoutMs);
        return answer;
    }

    private DefaultMQProducer producer(String name) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer(group + name);
        producer.setNamesrvAddr(nameServer);
        producer.setInstanceName(group + name);
        producer.start();
        return producer;
    }
}
