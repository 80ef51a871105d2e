package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	rocketmq "github.com/apache/rocketmq-clients/golang/v5"
	"github.com/apache/rocketmq-clients/golang/v5/credentials"
	v2 "github.com/apache/rocketmq-clients/golang/v5/protocol/v2"
)

const (
	limit       = 60 * time.Second
	invisibleIn = 30 * time.Second
	await       = 5 * time.Second
)

var background = context.Background()

// client makes producers and consumers as the documentation shows them. They end with the process.
type client struct {
	endpoint string
	topic    string
}

// config names no key: the client signs with an empty one, and nobody is asked who he is.
func (c client) config(group string) *rocketmq.Config {
	return &rocketmq.Config{Endpoint: c.endpoint, ConsumerGroup: group, Credentials: &credentials.SessionCredentials{}}
}

func (c client) producer(more ...rocketmq.ProducerOption) (rocketmq.Producer, error) {
	made, err := rocketmq.NewProducer(c.config(""), append(more, rocketmq.WithTopics(c.topic))...)
	if err != nil {
		return nil, err
	}
	return made, made.Start()
}

// push hands each message to handle, which answers whether it could be handled.
func (c client) push(group, tag string, handle func(*rocketmq.MessageView) bool) error {
	consume := func(message *rocketmq.MessageView) rocketmq.ConsumerResult {
		if handle(message) {
			return rocketmq.SUCCESS
		}
		return rocketmq.FAILURE
	}
	made, err := rocketmq.NewPushConsumer(c.config(group),
		rocketmq.WithPushSubscriptionExpressions(map[string]*rocketmq.FilterExpression{c.topic: rocketmq.NewFilterExpression(tag)}),
		rocketmq.WithPushMessageListener(&rocketmq.FuncMessageListener{Consume: consume}))
	if err != nil {
		return err
	}
	return made.Start()
}

func (c client) simple(group, topic string, filter *rocketmq.FilterExpression) (rocketmq.SimpleConsumer, error) {
	made, err := rocketmq.NewSimpleConsumer(c.config(group), rocketmq.WithSimpleAwaitDuration(await),
		rocketmq.WithSimpleSubscriptionExpressions(map[string]*rocketmq.FilterExpression{topic: filter}))
	if err != nil {
		return nil, err
	}
	return made, made.Start()
}

func (c client) message(body string) *rocketmq.Message {
	return &rocketmq.Message{Topic: c.topic, Body: []byte(body)}
}

// send answers the message's id.
func send(sender rocketmq.Producer, message *rocketmq.Message) (string, error) {
	receipts, err := sender.Send(background, message)
	if err != nil {
		return "", err
	}
	return receipts[0].MessageID, nil
}

// receive answers none for an empty receive, which is an error to the client.
func receive(reader rocketmq.SimpleConsumer, count int32, invisible time.Duration) ([]*rocketmq.MessageView, error) {
	messages, err := reader.Receive(background, count, invisible)
	var status *rocketmq.ErrRpcStatus
	if errors.As(err, &status) && status.GetCode() == int32(v2.Code_MESSAGE_NOT_FOUND) {
		return nil, nil
	}
	return messages, err
}

func next(reader rocketmq.SimpleConsumer, invisible time.Duration) (*rocketmq.MessageView, error) {
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); {
		messages, err := receive(reader, 1, invisible)
		if err != nil {
			return nil, err
		}
		if len(messages) > 0 {
			return messages[0], nil
		}
	}
	return nil, fmt.Errorf("nothing came")
}

func text(message *rocketmq.MessageView) string {
	return string(message.GetBody())
}

// words are what many routines have seen.
type words struct {
	mutex sync.Mutex
	list  []string
}

func (w *words) add(word string) int {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.list = append(w.list, word)
	return len(w.list)
}

func (w *words) count() int {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return len(w.list)
}

func (w *words) inOrder() string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return strings.Join(w.list, ",")
}

// each has none twice: a message may come, and be asked about, more than once.
func (w *words) each() []string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	list := append([]string{}, w.list...)
	slices.Sort(list)
	return slices.Compact(list)
}

func (w *words) kinds() int {
	return len(w.each())
}

func (w *words) sorted() string {
	return strings.Join(w.each(), ",")
}

// collect is a handler that adds each message's body.
func (w *words) collect(message *rocketmq.MessageView) bool {
	w.add(text(message))
	return true
}

// holds waits for a condition of another process; the limit ends a run that went wrong, its result then tells how.
func holds(condition func() bool) bool {
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if condition() {
			return true
		}
	}
	return false
}
