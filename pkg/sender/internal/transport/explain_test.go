package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/usagectl/usagectl/pkg/sender/internal/note"
)

// TestExplain holds what is said of each kind of error, wrapped as net/http wraps it, and
// that nothing of how it was made is.
func TestExplain(t *testing.T) {
	t.Parallel()
	refused, reset, unreachable := syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.ENETUNREACH
	if runtime.GOOS == "windows" {
		refused, reset, unreachable = 10061, 10054, 10051
	}
	dial := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 3128}, Err: os.NewSyscallError("connect", err)}
	}
	certificate := &x509.Certificate{DNSNames: []string{"b.example"}, NotBefore: time.Unix(0, 0).UTC(), NotAfter: time.Unix(86400, 0).UTC()}
	for want, err := range map[string]error{
		"a.example:1 refused the connection: nothing listens there":                            dial(refused),
		"the proxy 10.0.0.1:3128 refused the connection":                                       &net.OpError{Op: "proxyconnect", Net: "tcp", Err: dial(refused)},
		"a.example:1 closed the connection before":                                             &net.OpError{Op: "read", Err: os.NewSyscallError("read", reset)},
		"a.example:1 closed the connection before it":                                          fmt.Errorf("net/http: HTTP/1.x transport connection broken: %w", io.ErrUnexpectedEOF),
		"a.example:1 closed the connection before it had":                                      io.EOF,
		"there is no way to a.example:1":                                                       dial(unreachable),
		"the name x.example is not known":                                                      &net.OpError{Op: "dial", Err: &net.DNSError{Name: "x.example", IsNotFound: true}},
		"the name x.example could not be looked up: the name server 1.2.":                      &net.DNSError{Name: "x.example", Server: "1.2.3.4:53", IsTimeout: true},
		"the name x.example could not be looked up by the name server (":                       &net.DNSError{Name: "x.example", Err: "server misbehaving"},
		"there was no answer from a.example:1 in time":                                         context.DeadlineExceeded,
		"there was no connection to a.example:1 in time":                                       dial(os.ErrDeadlineExceeded),
		"it was interrupted before":                                                            context.Canceled,
		"the certificate of a.example:1 is from nobody whom this machine":                      &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}},
		"the certificate of a.example:1 is for another name, b.example":                        &tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: certificate}},
		"the certificate of a.example:1 holds from 1970-01-01 to 1970-01-02, which is not now": x509.CertificateInvalidError{Cert: certificate, Reason: x509.Expired},
		"the certificate of a.example:1 is not valid (":                                        x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign},
		"this machine knows no certificate authorities":                                        x509.SystemRootsError{},
		"a.example:1 does not speak HTTPS there":                                               http.ErrSchemeMismatch,
		"no secure connection to a.example:1 can be made (handshake failure)":                  &net.OpError{Op: "remote error", Err: errors.New("tls: handshake failure")},
		"no answer from a.example:1: something else":                                           errors.New("something else"),
	} {
		got := explain(&url.Error{Op: "Post", URL: "https://me:word@a.example:1/v1?token=secret", Err: err}, "a.example:1")
		if !strings.HasPrefix(got, want) {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
		if len(got) > note.Max {
			t.Errorf("%q has %d characters, of which %d are kept", got, len(got), note.Max)
		}
		for _, raw := range []string{"Post", "dial", "tcp", "x509", "tls:", "connect:", "secret", "word", "/v1", "deadline"} {
			if strings.Contains(got, raw) {
				t.Errorf("%q tells %q", got, raw)
			}
		}
	}
}

// TestExplainReal holds it of errors as the system and net/http make them.
func TestExplainReal(t *testing.T) {
	t.Parallel()
	silent := httptest.NewUnstartedServer(http.NotFoundHandler())
	silent.Config.ErrorLog = nil
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodConnect {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(plain.Close)
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	gone := silent.Listener.Addr().String()
	silent.Listener.Close()
	through := NewClient()
	through.Transport.(*http.Transport).Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(plain.URL) }
	for _, c := range []struct {
		client *http.Client
		url    string
		want   string
	}{
		{NewClient(), "http://" + gone + "/v1?token=secret", gone + " refused the connection"},
		{NewClient(), plain.URL, "closed the connection before"},
		{NewClient(), strings.Replace(plain.URL, "http:", "https:", 1), "does not speak HTTPS"},
		{NewClient(), secure.URL, "is from nobody whom this machine trusts"},
		{through, "https://a.example", "the proxy " + strings.TrimPrefix(plain.URL, "http://") + " makes no connection: it answered 403 Forbidden"},
	} {
		o, _ := Config{Client: c.client, Now: time.Now}.post(t.Context(), Wire{Method: "POST", URL: c.url}, maxAnswer, nil, func() {})
		if o.Result != Retry || !strings.Contains(o.Note, c.want) || strings.Contains(o.Note, "secret") {
			t.Errorf("%s: %+v, want %q", c.url, o, c.want)
		}
	}
}
