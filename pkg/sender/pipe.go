package sender

import (
	"bufio"
	"cmp"
	"context"
	"io"
	"time"

	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

const pipeTime = 10 * time.Second

// RunPipe is the deliverer of last resort: it gets entries, one a line, from a
// sender that could not keep them, tries each once, and drops what fails. It returns
// within ten seconds, or when ctx ends, though entries hangs; a read of it that hangs is
// left alone.
func (s Sender) RunPipe(ctx context.Context, entries io.Reader) error {
	ctx, cancel := context.WithTimeout(ctx, pipeTime)
	defer cancel()
	s.workDir = ""
	s = s.online()
	lines := bufio.NewScanner(entries)
	lines.Buffer(nil, 4*payload.MaxSize)
	for scan(ctx, lines) {
		e, err := outbox.ParseEntry(lines.Bytes())
		if err != nil {
			return err
		}
		if _, _, err := s.deliverUnkept(ctx, e, false); err != nil { // nobody to tell what is not recorded
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err() // lines may still be in use
	}
	return lines.Err()
}

// scan reads the next line, and reports whether there is one. When ctx ends it does not
// wait any more, and lines must not be used again.
func scan(ctx context.Context, lines *bufio.Scanner) bool {
	found := make(chan bool, 1)
	go func() { found <- lines.Scan() }()
	select {
	case ok := <-found:
		return ok && ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// deliverUnkept sends an entry that is in no outbox, once or until ctx ends. Nobody else has
// it, so it is tried even if the sender is told to stop meanwhile. If it does not
// arrive it is lost, and recorded as far as that can be done where events cannot be kept.
// unrecorded says why something that was sent is not in the journal.
func (s Sender) deliverUnkept(ctx context.Context, e outbox.Entry, again bool) (out transport.Outcome, unrecorded, err error) {
	out, unrecorded, err = s.sendUnkept(s.underway(ctx), e)
	for p := patienceWithOne(); again && err == nil && out.Result == transport.Retry && p.pause(ctx, out.RetryAfter); {
		var once error
		out, once, err = s.sendUnkept(s.underway(ctx), e)
		unrecorded = cmp.Or(unrecorded, once)
	}
	if s.state() != "" && (err != nil || out.Result != transport.Accepted) {
		why := outbox.LostUnkept
		if out.Result == transport.Interrupted {
			why = outbox.LostInterrupted
		}
		_ = s.outbox(e.Tool).RecordLoss(e.EventID.String(), why, s.Now())
	}
	return out, unrecorded, err
}

func (s Sender) sendUnkept(ctx context.Context, e outbox.Entry) (out transport.Outcome, unrecorded, err error) {
	m, err := s.manifestOf(e.Tool, e.Manifest)
	if err != nil {
		return out, nil, err
	}
	if !s.hasKey(e.Key, e.Tool, m.Send) {
		return out, nil, errOtherKey(1, e.Key)
	}
	permit, message, err := s.admission(m).admit(e)
	if err != nil {
		return out, nil, err
	}
	c := s.transportConfig()
	c.Allow = s.gate(m, []claimed{{entry: e, permit: permit}})
	messages := []transport.Message{message}
	if s.state() == "" {
		if out = transportOf(c, m).Send(ctx, messages)[0]; out.Wrote {
			unrecorded = notRecorded(s.noState())
		}
		return out, unrecorded, nil
	}
	r := s.journal(e.Tool).Recorder(false)
	c.Record = s.recordTo(r, m, e.Manifest)
	out = transportOf(c, m).Send(ctx, messages)[0]
	if err := s.flushRecords(r, messages); err != nil { // as is to be expected where events cannot be kept
		s.giveUpRecords(r, e.Tool)
		unrecorded = notRecorded(err)
	}
	return out, unrecorded, nil
}
