// The scenarios of test/compat/java/grpc with the official Go client of RocketMQ 5, which is set to nothing but the endpoint.
// Its defaults: TLS, and any certificate is trusted. It has no recall.
//
//	compat-grpc SCENARIO ENDPOINT TOPIC      prints RESULT {json}
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

type seen map[string]any

var scenarios = map[string]func(client) (seen, error){
	"tags":         tags,
	"sql":          sql,
	"ordered":      ordered,
	"delay":        delay,
	"transactions": transactions,
	"invisible":    invisible,
	"dead-letter":  deadLetter,
}

func main() {
	run, known := scenarios[os.Args[1]]
	if !known {
		fmt.Println("no scenario", os.Args[1])
		os.Exit(2)
	}
	result, err := run(client{endpoint: os.Args[2], topic: os.Args[3]})
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
