package deletion

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
)

func mailRequest(names ...string) Request {
	return Request{
		ID: uuid.MustParse("6ba7b810-9dad-41d1-80b4-00c04fd430c8"), Names: names, RequestedAt: noon,
		State: ByMail, Method: manifest.ForgetMail, To: "privacy@mytool.example",
	}
}

// TestMail holds the text to the letter: a person sends it under their name.
func TestMail(t *testing.T) {
	const body = `Hello,

please delete all usage data of NAMES that you hold under this source ID:

    3f2b8c1e-9d4a-4f6b-8a27-0c5d1e9b7f60

I ask for this under Article 17 of the General Data Protection Regulation
(EU) 2016/679. Under its Article 12(3) your answer is due within one month of
receipt: by 2026-12-21, if you receive this on 2026-11-21.

The ID is random and is all that ties those data to my installation. It has
been removed here, so no new data will come under it. Please tell me when it
is done, and name my request: 6ba7b810-9dad-41d1-80b4-00c04fd430c8.

Thank you.
`
	for want, names := range map[string][]string{
		"My Tool":                   {"My Tool"},
		"My Tool and Other":         {"My Tool", "Other"},
		"My Tool, Other and Third":  {"My Tool", "Other", "Third"},
		"My Tool Bcc: all@x.y":      {"My Tool\r\nBcc: all@x.y"}, // a subject is one line
		"A\u00fc & B=? and \"C\" %": {"A\u00fc & B=?", "\"C\" %"},
	} {
		m := mailRequest(names...).Mail(sampleID)
		if m.To != "privacy@mytool.example" || m.Subject != "Deletion of usage data of "+want+", request 6ba7b810-9dad-41d1-80b4-00c04fd430c8" {
			t.Errorf("%q: to %q, subject %q", names, m.To, m.Subject)
		}
		if m.Body != strings.Replace(body, "NAMES", want, 1) {
			t.Errorf("%q: body\n%s", names, m.Body)
		}
	}
}

func TestAnswerDue(t *testing.T) {
	for at, want := range map[string]string{
		"2026-11-21": "2026-12-21",
		"2026-01-01": "2026-02-01",
		"2026-12-01": "2027-01-01",
		"2026-12-31": "2027-01-31",
		"2026-01-28": "2026-02-28",
		"2026-01-29": "2026-02-28",
		"2026-01-30": "2026-02-28",
		"2026-01-31": "2026-02-28",
		"2028-01-29": "2028-02-29",
		"2028-01-31": "2028-02-29",
		"2100-01-31": "2100-02-28", // no leap year
		"2028-02-29": "2028-03-29",
		"2026-02-28": "2026-03-28",
		"2026-03-31": "2026-04-30",
		"2026-05-31": "2026-06-30",
		"2026-07-31": "2026-08-31",
		"2026-08-31": "2026-09-30",
		"2026-10-31": "2026-11-30",
	} {
		for _, clock := range []string{"T00:00:00Z", "T12:34:56Z", "T23:59:59Z"} {
			from, err := time.Parse(time.RFC3339, at+clock)
			if err != nil {
				t.Fatal(err)
			}
			if got := answerDue(from).Format(time.RFC3339); got != want+clock {
				t.Errorf("%s: got %s, want %s", at+clock, got, want+clock)
			}
		}
	}
}

// readMailto reads a link as RFC 6068 says, section 2: it is split before it is
// decoded, and only the percent sign has a meaning in it. A plus is a plus.
func readMailto(link string) (to string, fields map[string]string, err error) {
	rest, ok := strings.CutPrefix(link, "mailto:")
	if !ok {
		return "", nil, errors.New("it is no mailto: link")
	}
	for _, c := range []byte(rest) {
		plain := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~%@?&=", c) >= 0
		if !plain {
			return "", nil, errors.New("it holds " + string(rune(c)) + " as it is")
		}
	}
	address, headers, _ := strings.Cut(rest, "?")
	if to, err = url.PathUnescape(address); err != nil {
		return "", nil, err
	}
	fields = map[string]string{}
	for header := range strings.SplitSeq(headers, "&") {
		name, value, _ := strings.Cut(header, "=")
		if _, twice := fields[name]; twice || strings.Contains(name, "%") {
			return "", nil, errors.New("a header that is not ours: " + name)
		}
		if fields[name], err = url.PathUnescape(value); err != nil { // leaves a plus as it is
			return "", nil, err
		}
	}
	return to, fields, nil
}

// checkLink holds that a mail program makes of the link the message that it is of,
// and no other header, whoever chose the tool's name.
func checkLink(t *testing.T, m Mail) {
	t.Helper()
	to, fields, err := readMailto(m.Link())
	if err != nil {
		t.Fatalf("%v: %s", err, m.Link())
	}
	body := strings.ReplaceAll(m.Body, "\n", "\r\n")
	if to != m.To || fields["subject"] != m.Subject || fields["body"] != body || len(fields) != 2 {
		t.Errorf("%+v became\nto %q, %q", m, to, fields)
	}
	if strings.ContainsAny(m.Subject, "\r\n") {
		t.Errorf("the subject has several lines: %q", m.Subject)
	}
}

func TestMailLink(t *testing.T) {
	for _, c := range []struct {
		to    string
		names []string
	}{
		{"privacy@mytool.example", []string{"My Tool"}},
		{"privacy@mytool.example", []string{"a&bcc=x@y.example", "b?c", "d=e", "100 %", "%41", "C++", "#1", "Grüße", `"quoted"`, "it's", "a/b\\c", "日本", "~tilde~"}},
		{"first+last@mytool.example", []string{"+"}},
		{"a&b=c%d#e/f@mytool.example", nil},
		{`"odd@local"@mytool.example`, []string{""}},
		{"münchen@bücher.example", []string{"two\nlines"}},
	} {
		r := mailRequest(c.names...)
		r.To = c.to
		checkLink(t, r.Mail(sampleID))
	}
	m := Mail{To: "a@b.example", Subject: "1+1 = 2", Body: "x y\nz\n"}
	if want := "mailto:a@b.example?subject=1%2B1%20%3D%202&body=x%20y%0D%0Az%0D%0A"; m.Link() != want {
		t.Errorf("got %s, want %s", m.Link(), want)
	}
}

func FuzzMailLink(f *testing.F) {
	f.Add("privacy", "mytool.example", "My Tool", "Other", sampleID)
	f.Add("a+b", "x.example", "a&bcc=x@y", "%0D%0ABcc: x", "{"+sampleID+"}")
	f.Add("\"", "", "\r\n", "ü\xff", "")
	f.Fuzz(func(t *testing.T, name, host, first, second, id string) {
		r := mailRequest(first, second)
		r.To = name + "@" + host // the manifest holds that there is an @
		checkLink(t, r.Mail(id))
	})
}

// TestMailJSON holds that other programs get the message and the link.
func TestMailJSON(t *testing.T) {
	m := mailRequest("<My> & Tool").Mail(sampleID)
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	o, err := jsondoc.ParseObject(data)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, member := range o.Members() {
		names = append(names, member.Name)
	}
	if got := strings.Join(names, " "); got != "to subject body link" {
		t.Errorf("members: %s", got)
	}
	for name, want := range map[string]string{"to": m.To, "subject": m.Subject, "body": m.Body, "link": m.Link()} {
		if got, _ := o.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestAnd(t *testing.T) {
	for want, names := range map[string][]string{"": nil, "a": {"a"}, "a and b": {"a", "b"}, "a, b and c": {"a", "b", "c"}} {
		if got := and(names); got != want {
			t.Errorf("%q: got %q, want %q", names, got, want)
		}
	}
}
