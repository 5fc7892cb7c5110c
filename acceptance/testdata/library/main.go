// Tidewatch sends an event about its run, if the person has agreed to that.
package main

import (
	"context"
	"fmt"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

func main() {
	s := sender.Open(sender.Config{})
	r := s.Take(context.Background(), sender.Event{Tool: "demo", Name: "run.end", Values: map[string]any{"exit_code": 0}})
	fmt.Printf("%s: %s\n", r.Outcome, r.Reason.Detail)
	id, err := manifest.ParseID("demo")
	if err != nil {
		panic(err)
	}
	for _, sum := range s.Flush(context.Background(), []manifest.ID{id}, nil) {
		fmt.Println("sent", sum.Sent)
	}
}
