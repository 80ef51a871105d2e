package main

import (
	"fmt"
	"time"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

// pull polls as a member of a group, and reads once more from an offset of its own choice.
func pull(c client) (seen, error) {
	sender, err := c.producer()
	if err != nil {
		return nil, err
	}
	var queue primitive.MessageQueue
	for _, body := range []string{"0", "1", "2"} {
		result, err := sender.SendSync(background, c.message(body))
		if err != nil {
			return nil, err
		}
		queue = *result.MessageQueue
	}
	reader, err := rocketmq.NewPullConsumer(c.member("readers_" + c.topic)...)
	if err != nil {
		return nil, err
	}
	if err := reader.Subscribe(c.topic, everything); err != nil {
		return nil, err
	}
	if err := reader.Start(); err != nil {
		return nil, err
	}
	polled := &words{}
	holds(func() bool {
		request, err := reader.Poll(background, time.Second)
		if err != nil {
			return false
		}
		for _, message := range request.GetMsgList() {
			polled.add(string(message.Body))
		}
		reader.ACK(background, request, consumer.ConsumeSuccess)
		return polled.count() >= 3
	})
	again, err := reader.PullFrom(background, &queue, 1, 32)
	if err != nil {
		return nil, err
	}
	from := &words{}
	for _, message := range again.GetMessageExts() {
		from.add(string(message.Body))
	}
	return seen{"polled": polled.inOrder(), "from": from.inOrder()}, nil
}

// broadcast: each of two members gets all.
func broadcast(c client) (seen, error) {
	members := []*words{{}, {}}
	for nth, came := range members {
		options := []consumer.Option{consumer.WithInstance(fmt.Sprint("member ", nth)), consumer.WithConsumerModel(consumer.BroadCasting)}
		if err := c.push("readers_"+c.topic, everything, came.collect, options...); err != nil {
			return nil, err
		}
	}
	sender, err := c.producer()
	if err != nil {
		return nil, err
	}
	for _, body := range []string{"0", "1", "2"} {
		if _, err := sender.SendSync(background, c.message(body)); err != nil {
			return nil, err
		}
	}
	holds(func() bool { return members[0].count() >= 3 && members[1].count() >= 3 })
	return seen{"first": members[0].sorted(), "second": members[1].sorted()}, nil
}

// deadLetter: tried, tried once more, buried.
func deadLetter(c client) (seen, error) {
	group := "dead_" + c.topic
	attempts, buried, same := &words{}, &words{}, &words{}
	fails := func(message *primitive.MessageExt) consumer.ConsumeResult {
		attempts.add(fmt.Sprint(message.ReconsumeTimes))
		return consumer.ConsumeRetryLater
	}
	if err := c.push(group, everything, fails, consumer.WithMaxReconsumeTimes(1)); err != nil {
		return nil, err
	}
	sender, err := c.producer()
	if err != nil {
		return nil, err
	}
	result, err := sender.SendSync(background, c.message("one"))
	if err != nil {
		return nil, err
	}
	bury := func(message *primitive.MessageExt) consumer.ConsumeResult {
		same.add(fmt.Sprint(message.GetProperty(primitive.PropertyUniqueClientMessageIdKeyIndex) == result.MsgID))
		return buried.collect(message)
	}
	if err := c.pushFrom("%DLQ%"+group, "undertakers_"+c.topic, everything, bury); err != nil {
		return nil, err
	}
	holds(func() bool { return buried.count() >= 1 })
	return seen{"attempts": attempts.inOrder(), "buried": buried.inOrder(), "sameId": same.inOrder()}, nil
}
