package deletion

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/usagectl/usagectl/internal/jsondoc"
)

// Mail is a message that a person sends themselves.
type Mail struct {
	To      string
	Subject string
	Body    string // lines end in a newline alone
}

// Mail is the message that asks for the deletion of what is held under a source
// ID. It rests on the right to erasure, and names the day by which an answer is
// due: GDPR (Regulation (EU) 2016/679), Articles 17 and 12(3).
func (r Request) Mail(sourceID string) Mail {
	names := strings.Join(strings.Fields(and(r.Names)), " ") // a subject is one line
	return Mail{
		To:      r.To,
		Subject: fmt.Sprintf("Deletion of usage data of %s, request %s", names, r.ID),
		Body: fmt.Sprintf(`Hello,

please delete all usage data of %s that you hold under this source ID:

    %s

I ask for this under Article 17 of the General Data Protection Regulation
(EU) 2016/679. Under its Article 12(3) your answer is due within one month of
receipt: by %s, if you receive this on %s.

The ID is random and is all that ties those data to my installation. It has
been removed here, so no new data will come under it. Please tell me when it
is done, and name my request: %s.

Thank you.
`, names, sourceID, answerDue(r.RequestedAt).Format(time.DateOnly), r.RequestedAt.Format(time.DateOnly), r.ID),
	}
}

// answerDue is a month later. A month without that day ends with its last one
// (Regulation (EEC, Euratom) 1182/71, Article 3(2)(c)).
func answerDue(at time.Time) time.Time {
	due := at.AddDate(0, 1, 0)
	if due.Day() != at.Day() {
		due = due.AddDate(0, 0, -due.Day())
	}
	return due
}

// and joins names as in a sentence.
func and(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// MarshalJSON adds the link.
func (m Mail) MarshalJSON() ([]byte, error) {
	return jsondoc.Append(nil, jsondoc.NewObject("to", m.To, "subject", m.Subject, "body", m.Body, "link", m.Link()))
}

// Link is the message as a mailto: link (RFC 6068): everything but letters, digits
// and "-._~" is percent-encoded, and lines end in CRLF.
func (m Mail) Link() string {
	name, host, _ := strings.Cut(m.To, "@")
	body := strings.ReplaceAll(m.Body, "\n", "\r\n")
	return "mailto:" + percent(name) + "@" + percent(host) + "?subject=" + percent(m.Subject) + "&body=" + percent(body)
}

func percent(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }
