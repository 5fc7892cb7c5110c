package sender

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// What is particular to a process, such as a variable in its environment, holds back
// that process and no other. A deliverer says in its lease of which tools it delivers
// events, and by which way; a sender for which that is not enough starts one in its own
// environment. A failure to reach a server has those wait that would go the same way.

// wayVariables are those by which the way to a server differs from process to process:
// proxies, as net/http reads them for https, and the certificates that are believed.
func wayVariables() []string {
	return []string{"HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"}
}

// directly is the way of a process that has none of those variables.
const directly = "direct"

// way names the way that this process's requests go. It says nothing of the variables.
func (s Sender) way() string {
	set, sum := false, sha256.New()
	for _, name := range wayVariables() {
		value, _ := s.lookup(name)
		set = set || value != ""
		sum.Write([]byte(value + "\x00"))
	}
	if !set {
		return directly
	}
	return hex.EncodeToString(sum.Sum(nil)[:4])
}

// vouches is the word by which a deliverer says that it delivers the events of a tool,
// by the way of this process.
func (s Sender) vouches(tool manifest.ID) string { return tool.String() + "@" + s.way() }

// waits reports whether this process has to wait after failures.
func (s Sender) waits(b backoff.Backoff) bool {
	return b.Running(s.Now()) && (b.Way == "" || b.Way == s.way())
}

// wayOf is the way of those that have to wait after a failure: all of them if the server
// itself has answered, and not what is on the way to it.
func (s Sender) wayOf(failure transport.Outcome) string {
	if failure.Status != 0 && failure.Status != http.StatusProxyAuthRequired && !failure.Page {
		return ""
	}
	return s.way()
}

// held is why this process, and perhaps no other, cannot deliver what is queued for a
// tool by its own manifest; nil if it can. One that is not known may have been given as
// a file with each event.
func (s Sender) held(tool manifest.ID) error {
	m, err := s.manifestOf(tool, "")
	if errors.Is(err, manifest.ErrUnknownTool) {
		return nil
	}
	if err != nil {
		return err
	}
	if v := s.verdict(m, s.workDir); !v.On() {
		return errors.New(v.Reason.Detail)
	}
	return transport.Usable(s.transportConfig(), transport.Target{Send: m.Send})
}

// vouch writes into the lease of which tools this deliverer delivers events.
func (d *deliverer) vouch(l lease.Lease) {
	tools, _ := outbox.Tools(d.state())
	var note []string
	for _, tool := range tools {
		if _, known := d.holds[tool]; !known {
			d.holds[tool] = d.held(tool) != nil
		}
		if !d.holds[tool] {
			note = append(note, d.vouches(tool))
		}
	}
	slices.Sort(note)
	_ = l.Update(d.self, note...) // if it fails others start their own
}
