package main

import (
	"fmt"
	"slices"
	"sync"
	"time"

	rocketmq "github.com/apache/rocketmq-clients/golang/v5"
)

// tags: two of three have the tag; words and ids are those that were sent.
func tags(c client) (seen, error) {
	var mutex sync.Mutex
	came := map[string]*rocketmq.MessageView{}
	counted, ids := &words{}, map[string]string{}
	keep := func(message *rocketmq.MessageView) bool {
		mutex.Lock()
		defer mutex.Unlock()
		came[text(message)] = message
		return counted.collect(message)
	}
	if err := c.push("readers_"+c.topic, "a", keep); err != nil {
		return nil, err
	}
	sender, err := c.producer()
	if err != nil {
		return nil, err
	}
	for _, body := range []string{"one a", "two b", "three a"} {
		message := c.message(body)
		message.SetTag(body[len(body)-1:])
		message.SetKeys("k-"+body[:1], "common")
		message.AddProperty("colour", "blue")
		if ids[body], err = send(sender, message); err != nil {
			return nil, err
		}
	}
	holds(func() bool { return counted.kinds() >= 2 })
	mutex.Lock()
	defer mutex.Unlock()
	whole, same := true, true
	for body, message := range came {
		keys := slices.Equal(message.GetKeys(), []string{"k-" + body[:1], "common"})
		tag := message.GetTag() != nil && *message.GetTag() == "a"
		whole = whole && keys && tag && message.GetProperties()["colour"] == "blue"
		same = same && message.GetMessageId() == ids[body]
	}
	return seen{"came": counted.sorted(), "words": whole, "ids": same}, nil
}

func sql(c client) (seen, error) {
	sender, err := c.producer()
	if err != nil {
		return nil, err
	}
	dear := rocketmq.NewFilterExpressionWithType("price > 10", rocketmq.SQL92)
	reader, err := c.simple("readers_"+c.topic, c.topic, dear)
	if err != nil {
		return nil, err
	}
	for _, priced := range [][]string{{"cheap", "3"}, {"dear", "30"}} {
		message := c.message(priced[0])
		message.AddProperty("price", priced[1])
		if _, err := send(sender, message); err != nil {
			return nil, err
		}
	}
	message, err := next(reader, invisibleIn)
	if err != nil {
		return nil, err
	}
	return seen{"came": text(message)}, reader.Ack(background, message)
}

// ordered: the first one fails once, those behind it wait. They are sent when it has failed: of messages that came in one
// receive this client handles the others meanwhile.
func ordered(c client) (seen, error) {
	came := &words{}
	failsOnce := func(message *rocketmq.MessageView) bool { return came.add(text(message)) > 1 }
	if err := c.push("ordered_"+c.topic, "*", failsOnce); err != nil {
		return nil, err
	}
	sender, err := c.producer()
	if err != nil {
		return nil, err
	}
	for nth := 0; nth < 5; nth++ {
		message := c.message(fmt.Sprint(nth))
		message.SetMessageGroup("g")
		if _, err := send(sender, message); err != nil {
			return nil, err
		}
		holds(func() bool { return came.count() >= 1 })
	}
	holds(func() bool { return came.count() >= 6 })
	return seen{"order": came.inOrder()}, nil
}

func delay(c client) (seen, error) {
	sender, err := c.producer()
	if err != nil {
		return nil, err
	}
	came, early, due := &words{}, &words{}, time.Now().Add(5*time.Second)
	notEarly := func(message *rocketmq.MessageView) bool {
		if time.Now().Before(due) {
			early.collect(message)
		}
		return came.collect(message)
	}
	if err := c.push("readers_"+c.topic, "*", notEarly); err != nil {
		return nil, err
	}
	message := c.message("later")
	message.SetDelayTimestamp(due)
	if _, err := send(sender, message); err != nil {
		return nil, err
	}
	holds(func() bool { return came.count() >= 1 })
	return seen{"came": came.sorted(), "early": early.count() > 0}, nil
}

// transactions: one is committed, one rolled back, two are left to the check.
func transactions(c client) (seen, error) {
	came, asked := &words{}, &words{}
	if err := c.push("readers_"+c.topic, "*", came.collect); err != nil {
		return nil, err
	}
	check := func(message *rocketmq.MessageView) rocketmq.TransactionResolution {
		asked.add(text(message))
		if text(message) == "asked, yes" {
			return rocketmq.COMMIT
		}
		return rocketmq.ROLLBACK
	}
	sender, err := c.producer(rocketmq.WithTransactionChecker(&rocketmq.TransactionChecker{Check: check}))
	if err != nil {
		return nil, err
	}
	nobody := func(rocketmq.Transaction) error { return nil }
	for _, one := range []struct {
		body string
		end  func(rocketmq.Transaction) error
	}{
		{"committed", rocketmq.Transaction.Commit},
		{"rolled back", rocketmq.Transaction.RollBack},
		{"asked, no", nobody},
		{"asked, yes", nobody},
	} {
		transaction := sender.BeginTransaction()
		if _, err := sender.SendWithTransaction(background, c.message(one.body), transaction); err != nil {
			return nil, err
		}
		if err := one.end(transaction); err != nil {
			return nil, err
		}
	}
	holds(func() bool { return asked.kinds() >= 2 && came.kinds() >= 2 })
	return seen{"asked": asked.sorted(), "came": came.sorted()}, nil
}

// invisible: its time is cut short: it comes again, and no more once it is acknowledged.
func invisible(c client) (seen, error) {
	sender, err := c.producer()
	if err != nil {
		return nil, err
	}
	reader, err := c.simple("readers_"+c.topic, c.topic, rocketmq.SUB_ALL)
	if err != nil {
		return nil, err
	}
	if _, err := send(sender, c.message("one")); err != nil {
		return nil, err
	}
	first, err := next(reader, invisibleIn)
	if err != nil {
		return nil, err
	}
	if err := reader.ChangeInvisibleDuration(first, time.Second); err != nil {
		return nil, err
	}
	second, err := next(reader, invisibleIn)
	if err != nil {
		return nil, err
	}
	if err := reader.Ack(background, second); err != nil {
		return nil, err
	}
	left, err := receive(reader, 16, invisibleIn)
	return seen{
		"attempts": fmt.Sprintf("%d,%d", first.GetDeliveryAttempt(), second.GetDeliveryAttempt()),
		"sameId":   first.GetMessageId() == second.GetMessageId(),
		"left":     len(left),
	}, err
}

// deadLetter: its group tries twice.
func deadLetter(c client) (seen, error) {
	group, attempts := "dead_"+c.topic, &words{}
	fails := func(message *rocketmq.MessageView) bool {
		attempts.add(text(message))
		return false
	}
	if err := c.push(group, "*", fails); err != nil {
		return nil, err
	}
	undertaker, err := c.simple("undertakers_"+c.topic, "%DLQ%"+group, rocketmq.SUB_ALL)
	if err != nil {
		return nil, err
	}
	sender, err := c.producer()
	if err != nil {
		return nil, err
	}
	id, err := send(sender, c.message("one"))
	if err != nil {
		return nil, err
	}
	dead, err := next(undertaker, invisibleIn)
	if err != nil {
		return nil, err
	}
	return seen{"attempts": attempts.count(), "sameId": dead.GetMessageId() == id}, nil
}
