package main

import (
	"context"
	"sort"
	"strings"
	"sync"
	"time"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

const limit = 60 * time.Second

var everything = consumer.MessageSelector{Type: consumer.TAG, Expression: "*"}

// client makes producers and consumers as the documentation shows them. They end with the process.
type client struct {
	nameServer string
	topic      string
}

func (c client) producer(more ...producer.Option) (rocketmq.Producer, error) {
	options := []producer.Option{producer.WithNameServer(primitive.NamesrvAddr{c.nameServer}), producer.WithGroupName("senders")}
	made, err := rocketmq.NewProducer(append(options, more...)...)
	if err != nil {
		return nil, err
	}
	return made, made.Start()
}

// handler answers what becomes of one message.
type handler func(*primitive.MessageExt) consumer.ConsumeResult

func (c client) push(group string, selector consumer.MessageSelector, handle handler, more ...consumer.Option) error {
	return c.pushFrom(c.topic, group, selector, handle, more...)
}

func (c client) pushFrom(topic, group string, selector consumer.MessageSelector, handle handler, more ...consumer.Option) error {
	made, err := rocketmq.NewPushConsumer(append(c.member(group), more...)...)
	if err != nil {
		return err
	}
	all := func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		for _, message := range messages {
			if result := handle(message); result != consumer.ConsumeSuccess {
				return result, nil
			}
		}
		return consumer.ConsumeSuccess, nil
	}
	if err := made.Subscribe(topic, selector, all); err != nil {
		return err
	}
	return made.Start()
}

func (c client) member(group string) []consumer.Option {
	return []consumer.Option{
		consumer.WithNameServer(primitive.NamesrvAddr{c.nameServer}),
		consumer.WithGroupName(group),
		consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset),
	}
}

func (c client) message(body string) *primitive.Message {
	return primitive.NewMessage(c.topic, []byte(body))
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

func (w *words) sorted() string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	list := append([]string{}, w.list...)
	sort.Strings(list)
	return strings.Join(list, ",")
}

// collect is a handler that adds each message's body.
func (w *words) collect(message *primitive.MessageExt) consumer.ConsumeResult {
	w.add(string(message.Body))
	return consumer.ConsumeSuccess
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
