"""
The scenarios of test/compat/java/grpc with the official Python client, which is set to nothing but the endpoint:

    python3 grpc_scenarios.py SCENARIO ENDPOINT TOPIC      prints RESULT {json}
"""

import time

from rocketmq import (ClientConfiguration, ConsumeResult, Credentials, FilterExpression, Message, MessageListener,
                      Producer, PushConsumer, SimpleConsumer, TransactionChecker, TransactionResolution)
from rocketmq.grpc_protocol import FilterType

from scenario import holds, listed, run, text

INVISIBLE_S = 30
AWAIT_S = 5


class Handled(MessageListener):
    def __init__(self, handle):
        self.handle = handle

    def consume(self, message):
        return self.handle(message) or ConsumeResult.SUCCESS


class Checked(TransactionChecker):
    def __init__(self, check):
        self.answer = check

    def check(self, message):
        return self.answer(message)


class Client:
    """What it starts ends with the process: closed, a push consumer would wait for its poll to end."""

    def __init__(self, endpoint, topic):
        self.configuration = ClientConfiguration(endpoint, Credentials())
        self.topic = topic

    def producer(self, check=None):
        return started(Producer(self.configuration, [self.topic], checker=check and Checked(check)))

    def push(self, group, handle, expression=FilterExpression()):
        return started(PushConsumer(self.configuration, group, Handled(handle), {self.topic: expression}))

    def simple(self, group, expression=FilterExpression(), topic=None):
        subscriptions = {topic or self.topic: expression}
        return started(SimpleConsumer(self.configuration, group, subscriptions, await_duration=AWAIT_S))

    def message(self, body, **more):
        message = Message()
        message.topic = self.topic
        message.body = body.encode()
        for name, value in more.items():
            setattr(message, name, value)
        return message


def started(client):
    client.startup()
    return client


def next_of(consumer):
    found = []
    if not holds(lambda: found.extend(consumer.receive(1, INVISIBLE_S)) or found):
        raise RuntimeError("nothing came")
    return found[0]


def tags(client):
    """Two of three have the tag; words and ids are those that were sent."""
    came, ids = {}, {}
    client.push("readers_" + client.topic, lambda message: came.update({text(message): message}), FilterExpression("a"))
    producer = client.producer()
    for body in ["one a", "two b", "three a"]:
        message = client.message(body, tag=body[-1])
        # the setter of keys takes one at a time
        message.keys = "k-" + body[0]
        message.keys = "common"
        message.add_property("colour", "blue")
        ids[body] = producer.send(message).message_id
    holds(lambda: len(came) >= 2)
    return {
        "came": listed(came),
        "words": all(set(message.keys) == {"k-" + body[0], "common"} and message.properties["colour"] == "blue"
                     and message.tag == "a" for body, message in came.items()),
        "ids": all(message.message_id == ids[body] for body, message in came.items()),
    }


def sql(client):
    producer = client.producer()
    consumer = client.simple("readers_" + client.topic, FilterExpression("price > 10", FilterType.SQL))
    for body, price in [("cheap", "3"), ("dear", "30")]:
        message = client.message(body)
        message.add_property("price", price)
        producer.send(message)
    message = next_of(consumer)
    consumer.ack(message)
    return {"came": text(message)}


def ordered(client):
    """The first one fails once: those behind it wait."""
    came = []

    def handle(message):
        came.append(text(message))
        return ConsumeResult.FAILURE if len(came) == 1 else ConsumeResult.SUCCESS

    client.push("ordered_" + client.topic, handle)
    producer = client.producer()
    for body in "01234":
        producer.send(client.message(body, message_group="g"))
    holds(lambda: len(came) >= 6)
    return {"order": ",".join(came)}


def recall(client):
    """The first is due before the second: had it not been taken back, it would have come."""
    came = {}
    client.push("readers_" + client.topic, lambda message: came.update({text(message): time.time()}))
    producer = client.producer()
    # its unit is the second
    due = int(time.time()) + 5
    first = producer.send(client.message("first", delivery_timestamp=due - 1))
    producer.send(client.message("second", delivery_timestamp=due))
    recalled = producer.recall_message(client.topic, first.recall_handle)
    holds(lambda: "second" in came)
    return {"came": listed(came), "early": came.get("second", 0) < due, "sameId": recalled == first.message_id}


def transactions(client):
    """One is committed, one rolled back, two are left to the check."""
    came, asked = set(), set()
    client.push("readers_" + client.topic, lambda message: came.add(text(message)))

    def check(message):
        asked.add(text(message))
        yes = text(message) == "asked, yes"
        return TransactionResolution.COMMIT if yes else TransactionResolution.ROLLBACK

    producer = client.producer(check)

    def begin(body):
        transaction = producer.begin_transaction()
        producer.send(client.message(body), transaction)
        return transaction

    begin("committed").commit()
    begin("rolled back").rollback()
    begin("asked, no")
    begin("asked, yes")
    holds(lambda: len(asked) >= 2 and len(came) >= 2)
    return {"asked": listed(asked), "came": listed(came)}


def invisible(client):
    """Its time is cut short: it comes again, and no more once it is acknowledged."""
    producer = client.producer()
    consumer = client.simple("readers_" + client.topic)
    producer.send(client.message("one"))
    first = next_of(consumer)
    consumer.change_invisible_duration(first, 1)
    second = next_of(consumer)
    consumer.ack(second)
    return {
        "attempts": "%d,%d" % (first.delivery_attempt, second.delivery_attempt),
        "sameId": first.message_id == second.message_id,
        "left": len(consumer.receive(16, INVISIBLE_S)),
    }


def dead_letter(client):
    """Its group tries twice."""
    group = "dead_" + client.topic
    attempts = []

    def fail(message):
        attempts.append(message)
        return ConsumeResult.FAILURE

    client.push(group, fail)
    undertaker = client.simple("undertakers_" + client.topic, topic="%DLQ%" + group)
    sent = client.producer().send(client.message("one"))
    dead = next_of(undertaker)
    return {"attempts": len(attempts), "sameId": dead.message_id == sent.message_id}


SCENARIOS = {"tags": tags, "sql": sql, "ordered": ordered, "recall": recall, "transactions": transactions,
             "invisible": invisible, "dead-letter": dead_letter}


run(SCENARIOS, Client)
