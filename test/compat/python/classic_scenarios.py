"""
The scenarios of test/compat/official-python-client.spec.ts with the classic Python client (the C++ one inside), which is set
to nothing but the name server:

    python3 classic_scenarios.py SCENARIO NAMESRV TOPIC      prints RESULT {json}
"""

import threading
import time

from rocketmq.client import Message, Producer, PullConsumer, PushConsumer, SendStatus
from rocketmq.ffi import MessageModel

from scenario import holds, listed, run, text


class Client:
    """What it starts ends with the process."""

    def __init__(self, name_server, topic):
        self.name_server = name_server
        self.topic = topic
        self.started = []

    def start(self, made):
        made.set_namesrv_addr(self.name_server)
        self.started.append(made)
        return made

    def producer(self):
        producer = self.start(Producer("senders_" + self.topic))
        producer.start()
        return producer

    def push(self, group, handle, expression="*", **more):
        consumer = self.start(PushConsumer(group, **more))
        consumer.subscribe(self.topic, handle, expression)
        consumer.start()
        return consumer

    def message(self, body):
        message = Message(self.topic)
        message.set_body(body)
        return message


def sends(client):
    """
    Waits for an answer, is called back, asks for none; each is handled once. Its batches say `batch: 1` on the wire, which a
    RocketMQ broker reads as "no batch", too: they are not sent here.
    """
    came, answered = [], []
    client.push("readers_" + client.topic, lambda message: came.append(text(message)))
    producer = client.producer()
    stored = producer.send_sync(client.message("sync"))
    producer.send_async(client.message("async"), lambda result: answered.append(result.status), None)
    producer.send_oneway(client.message("one-way"))
    holds(lambda: len(came) >= 3 and answered)
    return {
        "stored": stored.status == SendStatus.OK,
        "answered": answered == [SendStatus.OK],
        "came": listed(came),
    }


def tags(client):
    """Two of three have a tag that is wanted; key and property are those that were sent."""
    came = []

    def handle(message):
        came.append(" ".join(word.decode() for word in (message.body, message.tags, message.keys, message["colour"])))

    client.push("readers_" + client.topic, handle, "a || c")
    producer = client.producer()
    for tag in "abc":
        message = client.message("body")
        message.set_tags(tag)
        message.set_keys("key-" + tag)
        message.set_property("colour", "blue")
        producer.send_sync(message)
    holds(lambda: len(came) >= 2)
    return {"came": listed(came)}


def ordered(client):
    """One key, one queue, one after the other."""
    came, queues, lock = [], set(), threading.Lock()

    def handle(message):
        with lock:
            came.append(text(message))
            queues.add(message.queue_id)

    client.push("readers_" + client.topic, handle, orderly=True)
    producer = client.producer()
    for body in "01234":
        producer.send_orderly(client.message(body), 7)
    holds(lambda: len(came) >= 5)
    return {"order": ",".join(came), "queues": len(queues)}


def delay(client):
    """The test's levels are seconds."""
    came = []
    client.push("readers_" + client.topic, lambda message: came.append(time.time()))
    message = client.message("later")
    message.set_delay_time_level(1)
    due = time.time() + 1
    client.producer().send_sync(message)
    holds(lambda: came)
    return {"came": len(came), "early": any(at < due for at in came)}


def pull(client):
    producer = client.producer()
    for body in "012":
        producer.send_sync(client.message(body))
    consumer = client.start(PullConsumer("readers_" + client.topic))
    consumer.start()
    came = []
    holds(lambda: came.extend(text(message) for message in consumer.pull(client.topic)) or len(came) >= 3)
    return {"came": listed(came)}


def broadcast(client):
    """Its offsets are its own: the broker keeps none."""
    came = []
    client.push("readers_" + client.topic, lambda message: came.append(text(message)), message_model=MessageModel.BROADCASTING)
    producer = client.producer()
    for body in "012":
        producer.send_sync(client.message(body))
    holds(lambda: len(came) >= 3)
    return {"came": listed(came)}


SCENARIOS = {"sends": sends, "tags": tags, "ordered": ordered, "delay": delay, "pull": pull, "broadcast": broadcast}


run(SCENARIOS, Client)
