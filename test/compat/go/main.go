// The scenarios of test/compat/official-go-client.spec.ts with the official Go client of the remoting protocol, set to nothing
// but the name server:
//
//	compat SCENARIO NAMESRV TOPIC      prints RESULT {json}
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/apache/rocketmq-client-go/v2/rlog"
)

type seen map[string]any

var scenarios = map[string]func(client) (seen, error){
	"sends":        sends,
	"tags":         tags,
	"sql":          sql,
	"ordered":      ordered,
	"delay":        delay,
	"transactions": transactions,
	"pull":         pull,
	"broadcast":    broadcast,
	"dead-letter":  deadLetter,
}

func main() {
	rlog.SetLogLevel("error")
	run, known := scenarios[os.Args[1]]
	if !known {
		fmt.Println("no scenario", os.Args[1])
		os.Exit(2)
	}
	result, err := run(client{nameServer: os.Args[2], topic: os.Args[3]})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	text, err := json.Marshal(result)
	if err != nil {
		panic(err)
	}
	fmt.Println("RESULT " + string(text))
	// routines of the client would keep this process alive
	os.Exit(0)
}
