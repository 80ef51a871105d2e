import java.nio.charset.StandardCharsets;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;

public class SimpleProducer {
    public static void main(String[] args) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("simple_producers");
        producer.setNamesrvAddr("127.0.0.1:9876");
        producer.start();
        for (int number = 0; number < 10; number++) {
            byte[] body = ("Hello " + number).getBytes(StandardCharsets.UTF_8);
            System.out.println(producer.send(new Message("SimpleTopic", "TagA", "key-" + number, body)).getSendStatus());
        }
        producer.shutdown();
    }
}
