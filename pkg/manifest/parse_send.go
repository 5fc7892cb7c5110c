package manifest

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

func readSend(t *table, m *Manifest) Send {
	transports := []string{string(HTTP), string(UDP), string(OTLP), string(Segment), string(File)}
	s := Send{Endpoint: t.text("endpoint")}
	if !t.has("transport") {
		t.missing("transport")
	}
	s.Transport = Transport(t.oneOf("transport", transports...))
	if s.Endpoint != "" {
		if err := checkEndpoint(s.Transport, s.Endpoint); err != nil {
			t.fail("endpoint", "%s: %v", t.name("endpoint"), err)
		}
	}
	switch s.Transport {
	case HTTP:
		s.Headers = readHeaders(t.sub("headers"), m)
	case UDP:
		s.Prefix = t.str("prefix")
	case OTLP:
		s.Signal = t.oneOf("signal", "traces", "logs")
	case Segment:
		s.WriteKey, s.WriteKeyEnv = t.str("write_key"), t.str("write_key_env")
		s.Auth = t.oneOf("auth", "basic", "body")
		if (s.WriteKey == "") == (s.WriteKeyEnv == "") {
			t.doc.fail(t.path, "%s: one of write_key and write_key_env is needed", t.name("transport"))
		}
		if s.WriteKeyEnv != "" && !validEnvName(s.WriteKeyEnv) {
			t.fail("write_key_env", "%s is %s, not the name of an environment variable", t.name("write_key_env"), Quote(s.WriteKeyEnv))
		} else if s.WriteKeyEnv != "" && !forWriteKey(s.WriteKeyEnv) {
			// Its value is sent. Any other secret of the person's could be named else.
			t.fail("write_key_env", "%s is %s, which is not for a write key: WRITE_KEY or SEGMENT must be in its name", t.name("write_key_env"), Quote(s.WriteKeyEnv))
		}
	}
	t.done()
	return s
}

// readHeaders reads the headers of an http transport. Those that the transport
// itself is in charge of cannot be set.
func readHeaders(t *table, m *Manifest) []Header {
	reserved := []string{"connection", "content-encoding", "content-length", "host", "te", "trailer", "transfer-encoding", "upgrade"}
	var list []Header
	for _, name := range slices.Sorted(maps.Keys(t.vals)) {
		value := t.str(name)
		switch {
		case strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") != "" || name == "":
			t.fail(name, "%s is no name of an HTTP header", Quote(name))
		case slices.Contains(reserved, strings.ToLower(name)):
			t.fail(name, "the HTTP header %s cannot be set", name)
		case slices.ContainsFunc(list, func(h Header) bool { return strings.EqualFold(h.Name, name) }):
			t.fail(name, "the HTTP header %s is set twice", name)
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			t.fail(name, "the HTTP header %s holds a control character", name)
		}
		for _, field := range HeaderFields(value) {
			if _, ok := m.Field(field); !ok {
				t.fail(name, "the HTTP header %s names the field %s, which is not declared", name, Quote(field))
			}
		}
		list = append(list, Header{name, value})
	}
	return list
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
	switch {
	case err != nil:
		return fmt.Errorf("%s is no address: %w", Quote(endpoint), err)
	case u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%s is no address: one that starts with https:// is needed", Quote(endpoint))
	case u.User != nil || u.Fragment != "":
		return fmt.Errorf("%s must hold neither a user nor a fragment", Quote(endpoint))
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return fmt.Errorf("%s is not safe: it must be https, or http to this machine", Quote(endpoint))
	}
	return nil
}

// UDPAddress is the host and port of a UDP endpoint, which may be written with
// a leading "udp://", as they can be dialled.
func UDPAddress(endpoint string) (string, error) {
	host, port, err := net.SplitHostPort(strings.TrimPrefix(endpoint, "udp://"))
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 || !validHost(host) {
		return "", fmt.Errorf("%s is no address: a host and a port are needed, like %q", Quote(endpoint), "telemetry.example:50077")
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
