package manifest

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/usagectl/usagectl/internal/secret"
)

func readSend(t *table, m *Manifest) Send {
	s := Send{Endpoint: text(t, "endpoint")}
	if !t.Has("transport") {
		t.Missing("transport")
	}
	s.Transport = Transport(oneOf(t, "transport"))
	if !t.Has("transport") || !isOneOf(t, "transport") {
		// What goes with it, and where it can go to, is not known.
		useAll(t, depend(t, "transport")...)
		t.Done()
		return s
	}
	if s.Endpoint != "" {
		if err := checkEndpoint(s.Transport, s.Endpoint); err != nil {
			as(t, KindAddress).Fail("endpoint", "%s: %v", t.Name("endpoint"), err)
		}
	}
	goesWith(t, "transport")
	switch s.Transport {
	case HTTP:
		s.Headers = readHeaders(t.Table("headers"), m)
	case UDP:
		s.Prefix = t.String("prefix")
	case OTLP:
		s.Signal = oneOf(t, "signal")
	case Segment:
		s.WriteKey, s.WriteKeyEnv = t.String("write_key"), t.String("write_key_env")
		s.Auth = oneOf(t, "auth")
		switch {
		case t.Has("write_key") && t.Has("write_key_env"):
			t.Fail("write_key_env", "%s and write_key cannot be combined", t.Name("write_key_env"))
		case s.WriteKey == "" && s.WriteKeyEnv == "":
			t.FailMissing("write_key", "%s: one of write_key and write_key_env is needed", t.Name("transport"))
		}
		if err := checkWriteKeyEnv(s.WriteKeyEnv); err != nil {
			kind := KindForm
			if validEnvName(s.WriteKeyEnv) {
				kind = KindVariable
			}
			as(t, kind).Fail("write_key_env", "%s is %v", t.Name("write_key_env"), err)
		}
	}
	t.Done()
	return s
}

// readHeaders reads the headers of an http transport. Those that the transport
// itself is in charge of cannot be set.
func readHeaders(t *table, m *Manifest) []Header {
	var list []Header
	for _, name := range t.Keys() {
		value := t.String(name)
		if err := checkHeader(Header{name, value}, list); err != nil {
			kind := KindHeader
			if !isHeaderName(name) {
				kind = KindForm
			}
			as(t, kind).Fail(name, "%v", err)
		}
		for _, field := range HeaderFields(value) {
			if _, ok := m.Field(field); !ok {
				as(t.Relying("field", "name"), KindReference).Fail(name, "the HTTP header %s names the field %s, which is not declared%s", name, Quote(field), perhaps(field, m.fieldNames()))
			}
		}
		list = append(list, Header{name, value})
	}
	return list
}

// checkHeader holds what a header can be beside those before it.
func checkHeader(h Header, before []Header) error {
	// Those of one connection (RFC 9110, section 7.6.1), and those that the transport writes.
	reserved := []string{
		"connection", "content-encoding", "content-length", "expect", "host", "keep-alive", "proxy-authenticate", "proxy-authorization",
		"proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
	}
	switch {
	case !isHeaderName(h.Name):
		return fmt.Errorf("%s is no name of an HTTP header", Quote(h.Name))
	case slices.Contains(reserved, strings.ToLower(h.Name)):
		return fmt.Errorf("the HTTP header %s cannot be set", h.Name)
	case slices.ContainsFunc(before, func(b Header) bool { return strings.EqualFold(b.Name, h.Name) }):
		return fmt.Errorf("the HTTP header %s is set twice", h.Name)
	case strings.ContainsFunc(h.Value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
		return fmt.Errorf("the HTTP header %s holds a control character", h.Name)
	}
	return nil
}

func isHeaderName(name string) bool {
	return name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// checkWriteKeyEnv holds what the variable of a write key can be called, if there is
// one. Its value is sent: any other secret of the person's could be named else.
func checkWriteKeyEnv(variable string) error {
	switch {
	case variable == "":
	case !validEnvName(variable):
		return fmt.Errorf("%s, not the name of an environment variable", Quote(variable))
	case !forWriteKey(variable):
		return fmt.Errorf("%s, which is not for a write key: WRITE_KEY or SEGMENT must be in its name", Quote(variable))
	}
	return nil
}

// Check is nil for what [Parse] takes as [send], or the first thing that is wrong with
// it, but for the fields that headers name. It is for one that was kept in a file and
// is read back.
func (s Send) Check() error {
	if !slices.Contains(wordsOf("send", "transport"), string(s.Transport)) {
		return fmt.Errorf("there is no transport %s", Quote(string(s.Transport)))
	}
	if err := checkEndpoint(s.Transport, s.Endpoint); err != nil {
		return err
	}
	for i, h := range s.Headers {
		if err := checkHeader(h, s.Headers[:i]); err != nil {
			return err
		}
	}
	if err := checkWriteKeyEnv(s.WriteKeyEnv); err != nil {
		return fmt.Errorf("the write key's variable is %w", err)
	}
	switch {
	case s.Transport == OTLP && !slices.Contains(wordsOf("send", "signal"), s.Signal):
		return fmt.Errorf("there is no signal %s", Quote(s.Signal))
	case s.Transport == Segment && !slices.Contains(wordsOf("send", "auth"), s.Auth):
		return fmt.Errorf("there is no auth %s", Quote(s.Auth))
	case s.Transport == Segment && (s.WriteKey == "") == (s.WriteKeyEnv == ""):
		return errors.New("it needs one write key")
	}
	return nil
}

// HeaderFields lists the fields that a header's value names in braces.
func HeaderFields(value string) []string {
	var names []string
	for {
		_, rest, found := strings.Cut(value, "{")
		name, rest, closed := strings.Cut(rest, "}")
		if !found || !closed {
			return names
		}
		names = append(names, name)
		value = rest
	}
}

// forWriteKey tells whether a variable is there to hold a write key of Segment, by
// its name: SEGMENT_WRITE_KEY, as Segment's own pages call it, or alike.
func forWriteKey(variable string) bool {
	name := strings.ToUpper(variable)
	return strings.Contains(name, "WRITE_KEY") || strings.Contains(name, "WRITEKEY") || strings.Contains(name, "SEGMENT")
}

// logEndings are the endings of files that nothing runs. A line that is appended to
// a document of JSON, such as a program's settings, spoils it.
func logEndings() []string { return []string{".jsonl", ".ndjson", ".log", ".txt"} }

// checkEndpoint holds the rule that what leaves is encrypted or stays on this
// machine. UDP is excepted: it has no encryption that its receivers speak.
func checkEndpoint(transport Transport, endpoint string) error {
	switch transport {
	case File:
		rest := strings.TrimPrefix(endpoint, "~")
		if !path.IsAbs(rest) || path.Clean(rest) != rest || strings.ContainsRune(rest, 0) {
			return fmt.Errorf("%s is no file: an absolute path or one that starts with %q is needed", Quote(endpoint), "~/")
		}
		if !slices.Contains(logEndings(), path.Ext(rest)) {
			// A line of JSON in a shell's start file is a command.
			return fmt.Errorf("%s is no log: its name must end in one of %s", Quote(endpoint), strings.Join(logEndings(), ", "))
		}
		return nil
	case UDP:
		if _, err := UDPAddress(endpoint); err != nil {
			return err
		}
		return nil
	}
	u, err := url.Parse(endpoint)
	shown := Quote(secret.URL(endpoint))
	switch {
	case err != nil: // which repeats the address, and holds the reason
		return fmt.Errorf("%s is no address: %w", shown, errors.Unwrap(err))
	case u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%s is no address: one that starts with https:// is needed", shown)
	case u.User != nil || u.Fragment != "":
		return fmt.Errorf("%s must hold neither a user nor a fragment", shown)
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return fmt.Errorf("%s is not safe: it must be https, or http to this machine", shown)
	}
	return nil
}

// IsLocal reports whether nothing that is sent leaves this machine: it goes to a file, or to a loopback address.
func (s Send) IsLocal() bool {
	if s.Transport == File {
		return true
	}
	host := ""
	if s.Transport == UDP {
		address, _ := UDPAddress(s.Endpoint)
		host, _, _ = net.SplitHostPort(address)
	} else if u, err := url.Parse(s.Endpoint); err == nil {
		host = u.Hostname()
	}
	return isLoopback(host)
}

// UDPAddress is the host and port of a UDP endpoint, which may be written with
// a leading "udp://", as they can be dialled.
func UDPAddress(endpoint string) (string, error) {
	host, port, err := net.SplitHostPort(strings.TrimPrefix(endpoint, "udp://"))
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 || !validHost(host) {
		return "", fmt.Errorf("%s is no address: a host and a port are needed, like %q", Quote(secret.URL(endpoint)), "telemetry.example:50077")
	}
	return net.JoinHostPort(host, port), nil
}

// validHost reports whether a host can be an IP address or a name; whether there is
// such a name is for the resolver to say.
func validHost(host string) bool {
	odd := func(r rune) bool { return strings.ContainsRune("/@ ", r) || !unicode.IsPrint(r) }
	if strings.Contains(host, ":") {
		_, err := netip.ParseAddr(host)
		return err == nil && utf8.ValidString(host) && !strings.ContainsFunc(host, odd)
	}
	return host != "" && utf8.ValidString(host) && !strings.ContainsFunc(host, odd)
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
