package transport

import "github.com/google/uuid"

// runs are those of which a message has to be sent later: until then nothing that was
// taken after it in the same run may be sent, or the receiver would see the end of a run
// before its start. A message without a run waits for none.
type runs map[uuid.UUID]bool

// note notes what became of a message.
func (r runs) note(m Message, o Outcome) {
	if o.waits() && m.RunID != uuid.Nil {
		r[m.RunID] = true
	}
}

// inRuns are the places of messages in a list, by run, in their order.
func inRuns(messages []Message) [][]int {
	var list [][]int
	at := map[uuid.UUID]int{} // in list
	for i, m := range messages {
		n, known := at[m.RunID]
		if !known || m.RunID == uuid.Nil {
			n = len(list)
			at[m.RunID], list = n, append(list, nil)
		}
		list[n] = append(list[n], i)
	}
	return list
}
