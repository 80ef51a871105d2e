//! The scenarios of test/compat/java/grpc with the official Rust client, which is set to nothing but the endpoint. It has
//! producers and a simple consumer, no push consumer, no change of the invisible time and no recall.
//!
//!     compat-grpc SCENARIO ENDPOINT TOPIC      prints RESULT {json}

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rocketmq::conf::{ClientOption, ProducerOption, SimpleConsumerOption};
use rocketmq::model::common::{FilterExpression, FilterType};
use rocketmq::model::message::{MessageBuilder, MessageView};
use rocketmq::model::transaction::{Transaction, TransactionResolution};
use rocketmq::{Producer, SimpleConsumer};

type Seen = Result<String, Box<dyn Error>>;

const LIMIT: Duration = Duration::from_secs(60);
/// the shortest that a receive may ask for
const SHORT: Duration = Duration::from_secs(10);
const LONG: Duration = Duration::from_secs(30);

struct Client {
    endpoint: String,
    topic: String,
}

impl Client {
    fn option(&self) -> ClientOption {
        let mut option = ClientOption::default();
        option.set_access_url(&self.endpoint);
        option
    }

    async fn producer(&self) -> Result<Producer, Box<dyn Error>> {
        let mut option = ProducerOption::default();
        option.set_topics(vec![&self.topic]);
        let mut producer = Producer::new(option, self.option())?;
        producer.start().await?;
        Ok(producer)
    }

    async fn consumer(&self, group: &str, topic: &str) -> Result<SimpleConsumer, Box<dyn Error>> {
        let mut option = SimpleConsumerOption::default();
        option.set_topics(vec![topic]);
        option.set_consumer_group(group);
        let mut consumer = SimpleConsumer::new(option, self.option())?;
        consumer.start().await?;
        Ok(consumer)
    }

    fn message(&self, body: &str) -> MessageBuilder {
        MessageBuilder::builder().set_topic(&self.topic).set_body(body.as_bytes().to_vec())
    }
}

fn all() -> FilterExpression {
    FilterExpression::new(FilterType::Tag, "*")
}

/// A receive that finds nothing is answered empty, or with an error of its own.
async fn next(
    consumer: &SimpleConsumer,
    topic: &str,
    filter: &FilterExpression,
    invisible: Duration,
) -> Result<MessageView, Box<dyn Error>> {
    let began = Instant::now();
    let mut last = String::from("it was answered empty");
    while began.elapsed() < LIMIT {
        match consumer.receive_with(topic, filter, 1, invisible).await {
            Ok(messages) => {
                if let Some(message) = messages.into_iter().next() {
                    return Ok(message);
                }
            }
            Err(error) => {
                last = error.to_string();
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    Err(format!("nothing came: {last}").into())
}

fn text(message: &MessageView) -> String {
    String::from_utf8_lossy(message.body()).into_owned()
}

fn listed<'a>(words: impl IntoIterator<Item = &'a String>) -> String {
    words.into_iter().cloned().collect::<Vec<_>>().join(",")
}

/// Two of three have the tag; words and ids are those that were sent.
async fn tags(client: &Client) -> Seen {
    let producer = client.producer().await?;
    let consumer = client.consumer(&format!("readers_{}", client.topic), &client.topic).await?;
    let mut ids = BTreeMap::new();
    for body in ["one a", "two b", "three a"] {
        let message = client
            .message(body)
            .set_tag(&body[body.len() - 1..])
            .set_keys(vec![format!("k-{}", &body[..1]), "common".to_string()])
            .set_properties(HashMap::from([("colour", "blue")]))
            .build()?;
        ids.insert(body.to_string(), producer.send(message).await?.message_id().to_string());
    }
    let mut came = BTreeSet::new();
    let (mut words, mut same) = (true, true);
    while came.len() < 2 {
        let filter = FilterExpression::new(FilterType::Tag, "a");
        let message = next(&consumer, &client.topic, &filter, LONG).await?;
        let body = text(&message);
        let keys = [format!("k-{}", &body[..1]), "common".to_string()];
        words &= message.keys() == keys
            && message.properties().get("colour").map(String::as_str) == Some("blue")
            && message.tag() == Some("a");
        same &= ids.get(&body).map(String::as_str) == Some(message.message_id());
        consumer.ack(&message).await?;
        came.insert(body);
    }
    Ok(format!(r#"{{"came":"{}","words":{words},"ids":{same}}}"#, listed(&came)))
}

async fn sql(client: &Client) -> Seen {
    let producer = client.producer().await?;
    let consumer = client.consumer(&format!("readers_{}", client.topic), &client.topic).await?;
    for (body, price) in [("cheap", "3"), ("dear", "30")] {
        producer.send(client.message(body).set_properties(HashMap::from([("price", price)])).build()?).await?;
    }
    let filter = FilterExpression::new(FilterType::Sql, "price > 10");
    let message = next(&consumer, &client.topic, &filter, LONG).await?;
    consumer.ack(&message).await?;
    Ok(format!(r#"{{"came":"{}"}}"#, text(&message)))
}

/// The first one is not acknowledged once: those behind it wait until it came again.
async fn ordered(client: &Client) -> Seen {
    let producer = client.producer().await?;
    let consumer = client.consumer(&format!("ordered_{}", client.topic), &client.topic).await?;
    for body in ["0", "1", "2", "3", "4"] {
        producer.send(client.message(body).set_message_group("g").build()?).await?;
    }
    let mut came = Vec::new();
    while came.len() < 6 {
        let message = next(&consumer, &client.topic, &all(), SHORT).await?;
        came.push(text(&message));
        if came.len() > 1 {
            consumer.ack(&message).await?;
        }
    }
    Ok(format!(r#"{{"order":"{}"}}"#, came.join(",")))
}

async fn delay(client: &Client) -> Seen {
    let producer = client.producer().await?;
    let consumer = client.consumer(&format!("readers_{}", client.topic), &client.topic).await?;
    // its unit is the second
    let due = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64 + 3;
    producer.send(client.message("later").set_delivery_timestamp(due).build()?).await?;
    let message = next(&consumer, &client.topic, &all(), LONG).await?;
    consumer.ack(&message).await?;
    let early = (SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64) < due;
    Ok(format!(r#"{{"came":"{}","early":{early}}}"#, text(&message)))
}

/// One is committed, one rolled back, two are left to the check.
async fn transactions(client: &Client) -> Seen {
    let asked = Arc::new(Mutex::new(BTreeSet::new()));
    let mut option = ProducerOption::default();
    option.set_topics(vec![&client.topic]);
    let seen = asked.clone();
    let check = move |_id: String, message: MessageView| {
        let body = text(&message);
        let yes = body == "asked, yes";
        seen.lock().unwrap().insert(body);
        if yes { TransactionResolution::COMMIT } else { TransactionResolution::ROLLBACK }
    };
    let mut producer = Producer::new_transaction_producer(option, client.option(), Box::new(check))?;
    producer.start().await?;
    let consumer = client.consumer(&format!("readers_{}", client.topic), &client.topic).await?;
    let half = |body: &str| {
        MessageBuilder::transaction_message_builder(&client.topic, body.as_bytes().to_vec()).build()
    };
    producer.send_transaction_message(half("committed")?).await?.commit().await?;
    producer.send_transaction_message(half("rolled back")?).await?.rollback().await?;
    producer.send_transaction_message(half("asked, no")?).await?;
    producer.send_transaction_message(half("asked, yes")?).await?;
    let mut came = BTreeSet::new();
    while came.len() < 2 || asked.lock().unwrap().len() < 2 {
        let message = next(&consumer, &client.topic, &all(), LONG).await?;
        consumer.ack(&message).await?;
        came.insert(text(&message));
    }
    let asked = listed(asked.lock().unwrap().iter());
    Ok(format!(r#"{{"asked":"{asked}","came":"{}"}}"#, listed(&came)))
}

/// Its group tries twice: what was not acknowledged in its time comes again, and then no more.
async fn dead_letter(client: &Client) -> Seen {
    let group = format!("dead_{}", client.topic);
    let letters = format!("%DLQ%{group}");
    let producer = client.producer().await?;
    let consumer = client.consumer(&group, &client.topic).await?;
    let undertaker = client.consumer(&format!("undertakers_{}", client.topic), &letters).await?;
    let id = producer.send(client.message("one").build()?).await?.message_id().to_string();
    let mut attempts = 0;
    while attempts < 2 {
        attempts = next(&consumer, &client.topic, &all(), SHORT).await?.delivery_attempt();
    }
    let topic = client.topic.clone();
    // who receives is told of no third attempt; it is what buries the message
    tokio::spawn(async move {
        loop {
            let _ = consumer.receive_with(&topic, &all(), 1, SHORT).await;
        }
    });
    let dead = next(&undertaker, &letters, &all(), LONG).await?;
    Ok(format!(r#"{{"attempts":{attempts},"sameId":{}}}"#, dead.message_id() == id))
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let client = Client { endpoint: arguments[2].clone(), topic: arguments[3].clone() };
    let seen = match arguments[1].as_str() {
        "tags" => tags(&client).await,
        "sql" => sql(&client).await,
        "ordered" => ordered(&client).await,
        "delay" => delay(&client).await,
        "transactions" => transactions(&client).await,
        "dead-letter" => dead_letter(&client).await,
        other => Err(format!("no scenario {other}").into()),
    };
    match seen {
        Ok(seen) => println!("RESULT {seen}"),
        Err(error) => {
            eprintln!("{error:?}");
            std::process::exit(1);
        }
    }
    // tasks of the client would keep this process alive
    std::process::exit(0);
}
