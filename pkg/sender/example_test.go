package sender_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// home is an empty home, for examples that leave nothing behind.
func home() (dirs.Dirs, func()) {
	dir, err := os.MkdirTemp("", "home")
	if err != nil {
		panic(err)
	}
	return dirs.Dirs{Home: dir, ConfigHome: dir + "/config", StateHome: dir + "/state"}, func() { os.RemoveAll(dir) }
}

func nothingSet(string) (string, bool) { return "", false }

// demo is the manifest of a tool that comes with the program and sends to a file.
func demo() *manifest.Manifest {
	id, _ := manifest.ParseID("demo")
	m, err := manifest.Library{}.Find(id)
	if err != nil {
		panic(err)
	}
	return m
}

// Take an event before and after the person agrees, and deliver it.
func Example() {
	places, remove := home()
	defer remove()
	s := sender.Open(sender.Config{Dirs: places, Env: nothingSet})
	event := sender.Event{Tool: "demo", Name: "run.end", Values: map[string]any{"exit_code": 0}}

	r := s.Take(context.Background(), event)
	fmt.Println(r.Outcome, "-", r.Reason.Detail)

	if err := (consent.Store{Dirs: places}).Grant(demo(), 1); err != nil {
		fmt.Println(err)
	}
	r = s.Take(context.Background(), event)
	fmt.Println(r.Outcome)

	for _, sum := range s.Flush(context.Background(), []manifest.ID{demo().Tool.ID}, nil) {
		fmt.Println(sum.Tool, sum.Sent)
	}
	// Output:
	// off - you have not been asked yet
	// queued
	// demo 1
}

// See each field of an event, and whether it would be sent. Nothing is made or sent.
func ExampleSender_Preview() {
	places, remove := home()
	defer remove()
	s := sender.Open(sender.Config{Dirs: places, Env: nothingSet})
	p, err := s.Preview(sender.Event{Tool: "demo", Name: "run.end", Values: map[string]any{"exit_code": 3}}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Would, "-", p.Reason.Detail)
	for _, f := range p.Fields {
		if f.Name == "exit_code" || f.Name == "source" {
			fmt.Println(f.Name, "=", string(f.Value))
		}
	}
	// Output:
	// false - you have not been asked yet
	// source = "(made when the first event is sent)"
	// exit_code = 3
}

// Record a refusal and throw away what is queued, in one call.
func ExampleSender_Refuse() {
	places, remove := home()
	defer remove()
	decisions := consent.Store{Dirs: places}
	if err := decisions.Grant(demo(), 1); err != nil {
		fmt.Println(err)
	}
	s := sender.Open(sender.Config{Dirs: places, Env: nothingSet})
	s.Take(context.Background(), sender.Event{Tool: "demo", Name: "run.start"})

	id := demo().Tool.ID
	r := s.Refuse(context.Background(), id, func() error { return decisions.Refuse(id) })
	fmt.Println(r.Events.Discarded, "thrown away;", r.Recorded)
	// Output:
	// 1 thrown away; <nil>
}

// Test what a program sends: the sender is passed to it, as any other, and sends to a receiver of
// the test.
func ExampleSender_ForTest() {
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Println(r.Method, r.URL.Path, string(body))
	}))
	defer receiver.Close()
	to, err := sender.ParseLoopback(receiver.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := manifest.Parse("mytool.toml", []byte(`schema = 1
tool  = {id = "mytool", purpose = "To see what share of runs succeed."}
send  = {transport = "http", endpoint = "https://telemetry.mytool.example/v1/event"}
event = [{name = "run.end"}]
field = [{name = "exit_code", type = "int", purpose = "To see what share of runs succeed."}]
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	s := sender.Open(sender.Config{}).ForTest(to)
	r := s.Take(context.Background(), sender.Event{Manifest: m, Name: "run.end", Values: map[string]any{"exit_code": 3}, Strict: true})
	fmt.Println(r.Outcome)
	// Output:
	// POST /v1/event {"exit_code":3}
	// tested
}
