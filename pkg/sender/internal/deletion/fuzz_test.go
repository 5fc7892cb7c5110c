package deletion

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// FuzzDeletionDestination holds that a deletion that was read back leads nowhere that
// a manifest could not: where it goes is written as a manifest, and that is read.
func FuzzDeletionDestination(f *testing.F) {
	add := func(method manifest.ForgetMethod, to, contact string, send manifest.Send) {
		var header manifest.Header
		if len(send.Headers) > 0 {
			header = send.Headers[0]
		}
		f.Add(string(method), to, contact, string(send.Transport), send.Endpoint, header.Name, header.Value, send.Prefix, send.Signal, send.WriteKey, send.WriteKeyEnv, send.Auth)
	}
	for _, to := range []string{
		"https://t.example/v1", "http://127.0.0.1:9/v1", "http://t.example", "https://u@t.example", "ftp://t.example", "file:///etc/passwd", "~/.bashrc", "", "\x1b[2J",
		"privacy@t.example", "privacy@t.example?cc=x@y.example", "a@b\r\nBcc: c@d",
	} {
		add(manifest.ForgetHTTP, to, "", manifest.Send{})
		add(manifest.ForgetMail, to, "", manifest.Send{})
		add("", to, to, manifest.Send{})
		add(manifest.ForgetEvent, to, "", manifest.Send{Transport: manifest.HTTP, Endpoint: to})
	}
	for _, file := range []string{"~/.t/usage.log", "~/.bashrc", "/etc/cron.d/x.log", "~/../x.log", "x.log", "~/a/../x.log", "~/x.log\x00.sh", "~/.profile", ""} {
		add(manifest.ForgetEvent, file, "", manifest.Send{Transport: manifest.File, Endpoint: file})
	}
	for _, h := range []manifest.Header{{Name: "X-A", Value: "b"}, {Name: "Host", Value: "b"}, {Name: "X-A", Value: "b\r\nHost: c"}, {Name: "X A", Value: ""}, {Name: "", Value: "x"}, {Name: "X-A", Value: "{z}\x7f"}} {
		add(manifest.ForgetEvent, "https://t.example", "", manifest.Send{Transport: manifest.HTTP, Endpoint: "https://t.example", Headers: []manifest.Header{h}})
	}
	add(manifest.ForgetEvent, "t.example:1", "", manifest.Send{Transport: manifest.UDP, Endpoint: "t.example:1", Prefix: "1"})
	add(manifest.ForgetEvent, "t.example", "", manifest.Send{Transport: manifest.UDP, Endpoint: "t.example"})
	add(manifest.ForgetEvent, "https://t.example", "", manifest.Send{Transport: manifest.OTLP, Endpoint: "https://t.example", Signal: "traces"})
	add(manifest.ForgetEvent, "https://t.example", "", manifest.Send{Transport: manifest.OTLP, Endpoint: "https://t.example", Signal: "x"})
	add(manifest.ForgetEvent, "https://t.example", "", manifest.Send{Transport: manifest.Segment, Endpoint: "https://t.example", WriteKey: "k", Auth: "basic"})
	add(manifest.ForgetEvent, "https://t.example", "", manifest.Send{Transport: manifest.Segment, Endpoint: "https://t.example", WriteKeyEnv: "AWS_SECRET_ACCESS_KEY", Auth: "body"})
	add(manifest.ForgetEvent, "https://t.example", "", manifest.Send{Transport: manifest.Segment, Endpoint: "https://t.example", WriteKeyEnv: "T_WRITE_KEY", Auth: "body"})
	add(manifest.ForgetEvent, "/bin/sh", "", manifest.Send{Transport: "exec", Endpoint: "/bin/sh"})
	f.Fuzz(func(t *testing.T, method, to, contact, transport, endpoint, headerName, headerValue, prefix, signal, key, keyEnv, auth string) {
		d := deletionIn(t, false, Pending)
		r := &d.Requests[0]
		send := manifest.Send{
			Transport: manifest.Transport(transport), Endpoint: endpoint,
			Prefix: prefix, Signal: signal, WriteKey: key, WriteKeyEnv: keyEnv, Auth: auth,
		}
		if headerName != "" || headerValue != "" {
			send.Headers = []manifest.Header{{Name: headerName, Value: headerValue}}
		}
		r.Method, r.To, r.Contact, r.Send = manifest.ForgetMethod(method), to, contact, &send
		read, err := Parse(marshalled(t, d))
		if err != nil {
			return
		}
		text := declared(t, read.Requests[0])
		if _, err := manifest.Parse("t.toml", []byte(text)); err != nil {
			t.Errorf("it leads where no manifest could: %v\n%s", err, text)
		}
	})
}

// declared is the manifest of a tool whose deletion requests go where this one goes.
func declared(t *testing.T, r Request) string {
	t.Helper()
	var b strings.Builder
	set := func(key, value string) { fmt.Fprintf(&b, "%s = %s\n", key, tomlString(t, value)) }
	ifAny := func(key, value string) {
		if value != "" {
			set(key, value)
		}
	}
	b.WriteString("schema = 1\n[tool]\nid = \"t\"\npurpose = \"A test.\"\n[forget]\n")
	set("method", string(r.Method))
	send := manifest.Send{Transport: manifest.HTTP, Endpoint: "https://t.example"}
	switch r.Method {
	case manifest.ForgetHTTP:
		set("endpoint", r.To)
	case manifest.ForgetMail:
		set("mail", r.To)
	case manifest.ForgetEvent:
		set("event", "forget")
		send = *r.Send
	}
	b.WriteString("[send]\n")
	set("transport", string(send.Transport))
	set("endpoint", send.Endpoint)
	// What another transport has is not looked at.
	switch send.Transport {
	case manifest.UDP:
		ifAny("prefix", send.Prefix)
	case manifest.OTLP:
		ifAny("signal", send.Signal)
	case manifest.Segment:
		ifAny("write_key", send.WriteKey)
		ifAny("write_key_env", send.WriteKeyEnv)
		ifAny("auth", send.Auth)
	case manifest.HTTP:
		for _, h := range send.Headers {
			// Values were filled in when the person asked: braces are braces.
			value := strings.NewReplacer("{", "", "}", "").Replace(h.Value)
			fmt.Fprintf(&b, "headers = {%s = %s}\n", tomlString(t, h.Name), tomlString(t, value))
		}
	}
	b.WriteString("[[event]]\nname = \"forget\"\n[[field]]\nname = \"id\"\nfrom = \"identity.source\"\npurpose = \"Names the install.\"\n")
	switch send.Transport {
	case manifest.OTLP:
		set("key", "/attributes/id")
	case manifest.Segment:
		set("key", "/userId")
	}
	return b.String()
}

// tomlString is a string of TOML: JSON's, and DEL has to be escaped too.
func tomlString(t *testing.T, s string) string {
	t.Helper()
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(data), "\x7f", `\u007f`)
}
