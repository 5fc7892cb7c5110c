// Package sender takes events, keeps them, and delivers them, with a person's consent and
// never without.
//
// # Sending
//
// [Open] makes a [Sender]; the zero [Config] means the person who runs the process. Then
// [Sender.Take] takes an event by the tool, its name and its values, and says what became
// of it: it is queued, or telemetry is off and why, or it was dropped and why. Taking an
// event costs milliseconds and never fails the caller.
//
//	s := sender.Open(sender.Config{})
//	r := s.Take(ctx, sender.Event{Tool: "mytool", Name: "run.end", Values: map[string]any{"exit_code": 0}})
//	fmt.Println(r.Outcome, r.Reason.Detail)
//
// The tool needs a manifest (package manifest) that declares the event, and the person's
// agreement ([consent.Store.Grant]). [Sender.Preview] shows what would be sent, made by
// the same code, and works without consent.
//
// # Delivering
//
// A queued event is a file. A deliverer claims it, asks for consent once more, builds the
// payload under what is agreed now, and hands it to the transport that the manifest names.
// [Sender.Run] is a deliverer for the background, in the process that [Config.Deliver]
// starts; [Sender.Flush] delivers now and waits; [Event.Wait] delivers one event. Every
// attempt in which something left is in the journal, with what became of it:
// [Sender.SentRecords]. [Sender.Status] says how a tool's delivery stands.
//
// # Testing
//
// [Sender.ForTest] is a sender for your tests: it sends what [Sender.Take] takes to a receiver of
// the test, on this machine, whatever was decided, and keeps nothing.
//
// # Refusing and forgetting
//
// [Sender.Refuse] records a refusal and throws away what is queued; nothing leaves once it
// has returned. [Sender.Forget] erases a source ID with all that is kept under it, and asks
// for the deletion of what was collected; deliverers repeat the request until it is
// acknowledged, and [Sender.Deletions] says how it stands.
//
// # Promises
//
// Queueing and delivering take a [consent.Permit], so that sending without asking does not
// compile, and only this package and those below it can open a connection. Everything
// lasts in files that any number of goroutines and processes may work on at once; a Sender
// is a value and may be shared. What a method returns is the caller's own.
package sender
