package sender

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/usagectl/usagectl/internal/process"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
	"github.com/usagectl/usagectl/pkg/sender/internal/deletion"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
	"github.com/usagectl/usagectl/pkg/sender/internal/writekey"
)

// What is particular to a process, such as a variable in its environment, the network and the
// files that it sees, holds back that process and no other. A deliverer says in its lease of
// which tools it delivers events, and by which way; a sender for which that is not enough starts
// one in its own surroundings. A failure to reach a server has those wait that would go the
// same way, and a write key that is refused those that have the same one. An event that was taken
// with a write key goes out with no other: it would arrive in somebody else's account, or be
// rejected for good.

// wayVariables are those by which the way to a server differs from process to process:
// proxies, as net/http reads them for https, and the certificates that are believed.
func wayVariables() []string {
	return []string{"HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"}
}

// wayOn names the way that this process's requests go on a machine. It says nothing of what it
// is made of.
func (s Sender) wayOn(machine string) string {
	parts := []string{machine, process.Network()}
	for _, name := range wayVariables() {
		value, _ := s.lookup(name)
		parts = append(parts, value)
	}
	return shortHash(parts...)
}

// way names the way of this process's requests, which waits apart from others.
func (s Sender) way() string { return s.wayOn(process.Kernel()) }

// sharedWay names the way too, and has the same name on other machines of the same kind:
// where they share a home they rely on one deliverer.
func (s Sender) sharedWay() string { return s.wayOn("") }

func shortHash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:4])
}

// keyWay names the way of those that have this process's value of a write key's variable.
func (s Sender) keyWay(tool manifest.ID, variable string) string {
	value, _ := s.lookup(variable)
	return writekey.Name(tool, variable, value)
}

// keyOf names the write key that this process has for what a tool sends; "" if it has none, or
// the manifest says it.
func (s Sender) keyOf(tool manifest.ID, send manifest.Send) string {
	if value, _ := s.lookup(send.WriteKeyEnv); send.WriteKeyEnv == "" || value == "" {
		return ""
	}
	return s.keyWay(tool, send.WriteKeyEnv)
}

// hasKey reports whether what was queued or asked for with the write key of a name may go out
// from this process. The manifest may have come to say the key, or to have another variable.
func (s Sender) hasKey(name string, tool manifest.ID, send manifest.Send) bool {
	value := send.WriteKey
	if send.WriteKeyEnv != "" {
		value, _ = s.lookup(send.WriteKeyEnv)
	}
	return name == "" || send.Transport != manifest.Segment || writekey.Is(name, tool, value)
}

// errOtherKey says how many events wait for a process with another write key than this one's: that
// of the last has the name key.
func errOtherKey(events int, key string) error {
	were, wait := "were", "wait"
	if events == 1 {
		were, wait = "was", "waits"
	}
	return fmt.Errorf("%d of them %s queued with another value of %s, and %s for a process that has it", events, were, writekey.Variable(key), wait)
}

// goes reports which ways this process goes for a tool, as waits name them.
func (s Sender) goes(tool manifest.ID) func(way string) bool {
	own := sync.OnceValue(s.way)
	return func(way string) bool {
		if variable, _, ofKey := strings.Cut(way, "="); ofKey {
			return way == s.keyWay(tool, variable)
		}
		return way == own()
	}
}

// withKey is a way, and by which key of the process, if a tool's manifest has one of it.
func (s Sender) withKey(way string, m *manifest.Manifest) string {
	if m.Send.WriteKeyEnv == "" {
		return way
	}
	return way + "+" + shortHash(s.keyWay(m.Tool.ID, m.Send.WriteKeyEnv))
}

// word is what a deliverer says to vouch for the delivery of a tool's events by a way: of
// those whose manifest is found by the tool's name, or in a file if that is not "". With the
// zero ID it is for what is no tool's.
func word(tool manifest.ID, way, file string) string {
	w := "@" + way
	if !tool.IsZero() {
		w = tool.String() + w
	}
	if file != "" {
		w += "/" + shortHash(file)
	}
	return w
}

// wordForDeletions is what a deliverer says to vouch for deletion requests by a way, with the
// write keys that this process has for those that are still to be made.
func (s Sender) wordForDeletions(way string) string {
	list, _ := s.deletions().All() // what cannot be read is not sent either
	var keys []string
	for _, d := range list {
		for _, r := range d.Requests {
			if r.State == deletion.Pending && deletionTarget(r).Send.WriteKeyEnv != "" {
				keys = append(keys, s.keyWay(r.Tools[0], deletionTarget(r).Send.WriteKeyEnv))
			}
		}
	}
	if len(keys) > 0 {
		slices.Sort(keys)
		way += "+" + shortHash(keys...)
	}
	return word(manifest.ID{}, way, "")
}

// sharedLease is the lease of everybody who shares the home.
func (s Sender) sharedLease() lease.Lease { return outbox.DelivererLease(s.state()) }

// ownLease is the lease of those who see the same processes and go the same way. They need it
// where the other one is held by a process on which they cannot rely.
func (s Sender) ownLease() lease.Lease {
	sum := sha256.Sum256([]byte(lease.This().Domain() + "\x00" + s.way()))
	return outbox.DelivererLease(s.state(), hex.EncodeToString(sum[:]))
}

// backoff is a tool's wait, as far as it concerns this process.
func (s Sender) backoff(o outbox.Outbox) backoff.Backoff { return o.Backoffs().For(s.goes(o.Tool())) }

// waits reports whether this process has to wait after failures of a tool's deliveries.
func (s Sender) waits(o outbox.Outbox) bool { return s.backoff(o).Running(s.Now()) }

// requestWait is a deletion request's wait, as far as it concerns this process.
func (s Sender) requestWait(r deletion.Request) backoff.Backoff {
	return r.Waits.For(s.goes(r.Tools[0]))
}

// wayOf is the way of those that have to wait after a failure: "" for all of them if the server
// itself has answered, and neither what is on the way to it nor to a key of this process, or to
// its having none.
func (s Sender) wayOf(failure transport.Outcome, tool manifest.ID, send manifest.Send) string {
	refused := failure.Status == http.StatusUnauthorized || failure.Status == http.StatusForbidden
	switch {
	case transport.Usable(s.transportConfig(), transport.Target{Send: send}) != nil:
		return s.keyWay(tool, send.WriteKeyEnv)
	case failure.Status == 0, failure.Status == http.StatusProxyAuthRequired, failure.Page:
		return s.way()
	case refused && send.WriteKeyEnv != "":
		return s.keyWay(tool, send.WriteKeyEnv)
	}
	return ""
}

// held is why this process, and perhaps no other, cannot deliver what is queued for a
// tool by its manifest; nil if it can.
func (s Sender) held(m *manifest.Manifest) error {
	if v := s.verdict(m, s.workDir); !v.On() {
		return errors.New(v.Reason.Detail)
	}
	return transport.Usable(s.transportConfig(), transport.Target{Send: m.Send})
}

// vouch writes into its lease of which tools this deliverer delivers events.
func (d *deliverer) vouch() {
	for _, l := range d.leases {
		_ = l.Update(d.self, d.words) // if it fails others start their own
	}
}

// words are what the deliverer vouches for. What whoever started it said for it comes
// first in what was said.
func (d *deliverer) words(said []string) []string {
	if len(said) > 0 && !d.heard {
		d.heard = true
		if strings.Contains(said[0], "/") {
			d.files[said[0]] = true
		}
	}
	tools, _ := outbox.Tools(d.state())
	note := []string{bundlesWord, d.wordForDeletions(d.by)}
	for _, tool := range tools {
		own := d.wordFor(tool)
		if !d.holds[tool] && !d.waits(d.outbox(tool)) {
			note = append(note, own)
		}
	}
	for file := range d.files {
		note = append(note, file)
	}
	slices.Sort(note)
	return note
}

// wordFor is its word for what is queued for a tool by the manifest of its name. It looks once
// whether this process holds that back.
func (d *deliverer) wordFor(tool manifest.ID) string {
	if own, known := d.own[tool]; known {
		return own
	}
	way := d.by
	m, err := d.manifestOf(tool, "")
	if err == nil {
		way, err = d.withKey(way, m), d.held(m)
	}
	d.holds[tool], d.own[tool] = err != nil, word(tool, way, "")
	return d.own[tool]
}

// noteFiles notes which files of manifests this deliverer could read, and vouches for none of a
// tool of which it had to put an event back.
func (d *deliverer) noteFiles(sum Summary) {
	if sum.Held != nil {
		for file := range d.files {
			if strings.HasPrefix(file, sum.Tool.String()+"@") {
				delete(d.files, file)
			}
		}
		return
	}
	for _, file := range sum.files {
		d.files[word(sum.Tool, file.way, file.path)] = true
	}
}
