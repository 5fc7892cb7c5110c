package transport

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// Message is one document on its way. It is not changed, and may be shared between
// goroutines.
type Message struct {
	Event    string    // the name of the event
	EventID  uuid.UUID // the same at every try, so that a receiver can tell a second one
	RunID    uuid.UUID // of the run in which it was taken
	TakenAt  time.Time
	Document *jsondoc.Object
	Headers  []manifest.Header // http: the target's, with the values filled in
	Private  []string          // texts that no note may contain, such as the source ID
}

// privateOf are the texts that no note on these messages may contain.
func privateOf(messages []Message) []string {
	var list []string
	for _, m := range messages {
		list = append(list, m.Private...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// objectAt is the object of that name in a document; an empty one if there is none.
func objectAt(doc *jsondoc.Object, name string) *jsondoc.Object {
	v, _ := doc.Get(name)
	if o, ok := v.(*jsondoc.Object); ok {
		return o
	}
	return &jsondoc.Object{}
}
