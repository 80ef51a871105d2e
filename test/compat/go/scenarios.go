package main

import (
	"context"
	"fmt"
	"time"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

var background = context.Background()

// sends waits for an answer, is called back, asks for none, and sends many at once; each is handled once.
func sends(c client) (seen, error) {
	came, answered := &words{}, &words{}
	if err := c.push("readers_"+c.topic, everything, came.collect); err != nil {
		return nil, err
	}
	sender, err := c.producer()
	if err != nil {
		return nil, err
	}
	stored, err := sender.SendSync(background, c.message("sync"))
	if err != nil {
		return nil, err
	}
	called := func(_ context.Context, result *primitive.SendResult, err error) {
		answered.add(fmt.Sprint(err == nil && result.Status == primitive.SendOK))
	}
	if err := sender.SendAsync(background, called, c.message("async")); err != nil {
		return nil, err
	}
	if err := sender.SendOneWay(background, c.message("one-way")); err != nil {
		return nil, err
	}
	if _, err := sender.SendSync(background, c.message("batch 1"), c.message("batch 2")); err != nil {
		return nil, err
	}
	holds(func() bool { return came.count() >= 5 && answered.count() >= 1 })
	return seen{"stored": stored.Status == primitive.SendOK, "answered": answered.sorted(), "came": came.sorted()}, nil
}

// tags: two of three have one that is wanted; key and property are those that were sent.
func tags(c client) (seen, error) {
	came := &words{}
	wanted := consumer.MessageSelector{Type: consumer.TAG, Expression: "a || c"}
	whole := func(message *primitive.MessageExt) consumer.ConsumeResult {
		came.add(fmt.Sprintf("%s %s %s %s", message.Body, message.GetTags(), message.GetKeys(), message.GetProperty("colour")))
		return consumer.ConsumeSuccess
	}
	if err := c.push("readers_"+c.topic, wanted, whole); err != nil {
		return nil, err
	}
	sender, err := c.producer()
	if err != nil {
		return nil, err
	}
	for _, tag := range []string{"a", "b", "c"} {
		message := c.message("body").WithTag(tag).WithKeys([]string{"key-" + tag})
		message.WithProperty("colour", "blue")
		if _, err := sender.SendSync(background, message); err != nil {
			return nil, err
		}
	}
	holds(func() bool { return came.count() >= 2 })
	return seen{"came": came.sorted()}, nil
}

func sql(c client) (seen, error) {
	came := &words{}
	dear := consumer.MessageSelector{Type: consumer.SQL92, Expression: "price > 10"}
	if err := c.push("readers_"+c.topic, dear, came.collect); err != nil {
		return nil, err
	}
	sender, err := c.producer()
	if err != nil {
		return nil, err
	}
	for body, price := range map[string]string{"cheap": "3", "dear": "30"} {
		message := c.message(body)
		message.WithProperty("price", price)
		if _, err := sender.SendSync(background, message); err != nil {
			return nil, err
		}
	}
	holds(func() bool { return came.count() >= 1 })
	return seen{"came": came.sorted()}, nil
}

// ordered: the first one fails once, those behind it wait.
func ordered(c client) (seen, error) {
	came := &words{}
	failsOnce := func(message *primitive.MessageExt) consumer.ConsumeResult {
		if came.add(string(message.Body)) == 1 {
			return consumer.SuspendCurrentQueueAMoment
		}
		return consumer.ConsumeSuccess
	}
	if err := c.push("readers_"+c.topic, everything, failsOnce, consumer.WithConsumerOrder(true)); err != nil {
		return nil, err
	}
	sender, err := c.producer(producer.WithQueueSelector(producer.NewHashQueueSelector()))
	if err != nil {
		return nil, err
	}
	queues := map[int]bool{}
	for nth := 0; nth < 5; nth++ {
		result, err := sender.SendSync(background, c.message(fmt.Sprint(nth)).WithShardingKey("one key"))
		if err != nil {
			return nil, err
		}
		queues[result.MessageQueue.QueueId] = true
	}
	holds(func() bool { return came.count() >= 6 })
	return seen{"order": came.inOrder(), "queues": len(queues)}, nil
}

// delay: by level (the test's levels are seconds) and until a time.
func delay(c client) (seen, error) {
	came, early := &words{}, &words{}
	now := time.Now()
	due := map[string]time.Time{"by level": now.Add(time.Second), "by time": now.Add(3 * time.Second)}
	notEarly := func(message *primitive.MessageExt) consumer.ConsumeResult {
		if time.Now().Before(due[string(message.Body)]) {
			early.add(string(message.Body))
		}
		return came.collect(message)
	}
	if err := c.push("readers_"+c.topic, everything, notEarly); err != nil {
		return nil, err
	}
	sender, err := c.producer()
	if err != nil {
		return nil, err
	}
	byLevel, byTime := c.message("by level").WithDelayTimeLevel(1), c.message("by time").WithDelayTimestamp(due["by time"])
	for _, message := range []*primitive.Message{byTime, byLevel} {
		if _, err := sender.SendSync(background, message); err != nil {
			return nil, err
		}
	}
	holds(func() bool { return came.count() >= 2 })
	return seen{"order": came.inOrder(), "early": early.count()}, nil
}

type verdicts struct{ asked words }

func (v *verdicts) ExecuteLocalTransaction(message *primitive.Message) primitive.LocalTransactionState {
	switch string(message.Body) {
	case "committed":
		return primitive.CommitMessageState
	case "rolled back":
		return primitive.RollbackMessageState
	}
	return primitive.UnkonwnState
}

func (v *verdicts) CheckLocalTransaction(message *primitive.MessageExt) primitive.LocalTransactionState {
	v.asked.add(string(message.Body))
	if string(message.Body) == "asked, yes" {
		return primitive.CommitMessageState
	}
	return primitive.RollbackMessageState
}

// transactions: one is committed, one rolled back, two are left to the check.
func transactions(c client) (seen, error) {
	came, listener := &words{}, &verdicts{}
	if err := c.push("readers_"+c.topic, everything, came.collect); err != nil {
		return nil, err
	}
	// clients of one process share a connection unless their instances differ, and with it the group that can be asked
	sender, err := rocketmq.NewTransactionProducer(listener, producer.WithInstanceName("transactions"),
		producer.WithNameServer(primitive.NamesrvAddr{c.nameServer}), producer.WithGroupName("senders_"+c.topic))
	if err != nil {
		return nil, err
	}
	if err := sender.Start(); err != nil {
		return nil, err
	}
	for _, body := range []string{"committed", "rolled back", "asked, no", "asked, yes"} {
		if _, err := sender.SendMessageInTransaction(background, c.message(body)); err != nil {
			return nil, err
		}
	}
	holds(func() bool { return listener.asked.count() >= 2 && came.count() >= 2 })
	return seen{"asked": listener.asked.sorted(), "came": came.sorted()}, nil
}
