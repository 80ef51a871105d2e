package org.halfmq.compat.grpc;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.concurrent.Callable;
import org.apache.rocketmq.client.apis.ClientConfiguration;
import org.apache.rocketmq.client.apis.ClientException;
import org.apache.rocketmq.client.apis.ClientServiceProvider;
import org.apache.rocketmq.client.apis.consumer.FilterExpression;
import org.apache.rocketmq.client.apis.consumer.LitePushConsumer;
import org.apache.rocketmq.client.apis.consumer.MessageListener;
import org.apache.rocketmq.client.apis.consumer.SimpleConsumer;
import org.apache.rocketmq.client.apis.message.MessageBuilder;
import org.apache.rocketmq.client.apis.message.MessageView;
import org.apache.rocketmq.client.apis.producer.Producer;
import org.apache.rocketmq.client.apis.producer.TransactionChecker;

/** The client as its documentation shows it, with nothing set but the endpoint: it speaks TLS then. */
final class Client {
    private static final long LIMIT_MS = 60_000;
    private static final Duration AWAIT = Duration.ofSeconds(5);

    private final ClientServiceProvider provider = ClientServiceProvider.loadService();
    private final ClientConfiguration configuration;

    Client(String endpoint) {
        configuration = ClientConfiguration.newBuilder().setEndpoints(endpoint).build();
    }

    Producer producer(String topic) throws ClientException {
        return provider.newProducerBuilder().setClientConfiguration(configuration).setTopics(topic).build();
    }

    Producer producer(String topic, TransactionChecker checker) throws ClientException {
        return provider.newProducerBuilder().setClientConfiguration(configuration).setTopics(topic)
            .setTransactionChecker(checker).build();
    }

    /** It ends with the process: closed, it would wait for its poll to end. */
    void push(String group, String topic, FilterExpression filter, MessageListener listener) throws ClientException {
        provider.newPushConsumerBuilder().setClientConfiguration(configuration).setConsumerGroup(group)
            .setSubscriptionExpressions(Collections.singletonMap(topic, filter)).setMessageListener(listener).build();
    }

    SimpleConsumer simple(String group, String topic, FilterExpression filter) throws ClientException {
        return provider.newSimpleConsumerBuilder().setClientConfiguration(configuration).setConsumerGroup(group)
            .setSubscriptionExpressions(Collections.singletonMap(topic, filter)).setAwaitDuration(AWAIT).build();
    }

    LitePushConsumer litePush(String group, String topic, MessageListener listener) throws ClientException {
        return provider.newLitePushConsumerBuilder().setClientConfiguration(configuration).setConsumerGroup(group)
            .bindTopic(topic).setMessageListener(listener).build();
    }

    MessageBuilder message(String topic, String body) {
        return provider.newMessageBuilder().setTopic(topic).setBody(body.getBytes(StandardCharsets.UTF_8));
    }

    static String text(MessageView message) {
        return StandardCharsets.UTF_8.decode(message.getBody()).toString();
    }

    /** Waits for a condition of another process; the limit ends a run that went wrong, its result then tells how. */
    static boolean holds(Callable<Boolean> condition) throws Exception {
        long deadline = System.currentTimeMillis() + LIMIT_MS;
        while (System.currentTimeMillis() < deadline) {
            if (condition.call()) return true;
            Thread.sleep(20);
        }
        return false;
    }
}
