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
	"net/url"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// explain says for people why nothing came of a request to a receiver: what is wrong,
// where, and, if that helps, what to do. It goes by the types of errors, whose texts
// differ from system to system; of one that it does not know it gives the text. to is the
// receiver's host, with its port if it has one.
func explain(err error, to string) string {
	var refusal *proxyAnswer
	if errors.As(err, &refusal) {
		return refusal.Error()
	}
	if proxy, ok := proxyIn(err); ok {
		to = proxy
	}
	for _, say := range [...]func(error, string) string{explainName, explainCertificate, explainTLS, explainTime, explainConnection} {
		if text := say(err, to); text != "" {
			return text
		}
	}
	var failed *url.Error
	if errors.As(err, &failed) { // which would repeat the address
		err = failed.Err
	}
	return fmt.Sprintf("no answer from %s: %s", to, err)
}

// proxyIn is the proxy that an error is about, if it is about one.
func proxyIn(err error) (string, bool) {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "proxyconnect" {
		return "", false
	}
	if errors.As(op.Err, &op) && op.Addr != nil {
		return "the proxy " + op.Addr.String(), true
	}
	return "the proxy of HTTPS_PROXY", true
}

// explainName is about the look-up of a name.
func explainName(err error, _ string) string {
	var dns *net.DNSError
	switch {
	case !errors.As(err, &dns):
		return ""
	case dns.IsNotFound:
		return fmt.Sprintf("the name %s is not known: no network, a network that does not look it up, or a wrong name", dns.Name)
	case dns.IsTimeout:
		return fmt.Sprintf("the name %s could not be looked up: the name server %sdid not answer in time", dns.Name, spaced(dns.Server))
	}
	return fmt.Sprintf("the name %s could not be looked up by the name server %s(%s)", dns.Name, spaced(dns.Server), dns.Err)
}

// spaced is a word and the space behind it; "" if there is none.
func spaced(word string) string {
	if word == "" {
		return ""
	}
	return word + " "
}

// explainCertificate is about a certificate that is not believed.
func explainCertificate(err error, to string) string {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var roots x509.SystemRootsError
	switch {
	case errors.As(err, &unknown):
		return fmt.Sprintf("the certificate of %s is from nobody whom this machine trusts; if a proxy makes it, add the proxy's to the system's, or set SSL_CERT_FILE", to)
	case errors.As(err, &host) && len(host.Certificate.DNSNames) > 0:
		return fmt.Sprintf("the certificate of %s is for another name, %s", to, host.Certificate.DNSNames[0])
	case errors.As(err, &host):
		return fmt.Sprintf("the certificate of %s is for another name", to)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		const day = time.DateOnly
		return fmt.Sprintf("the certificate of %s holds from %s to %s, which is not now: look at this machine's clock", to, invalid.Cert.NotBefore.Format(day), invalid.Cert.NotAfter.Format(day))
	case errors.As(err, &invalid):
		return fmt.Sprintf("the certificate of %s is not valid (%s)", to, strings.TrimPrefix(invalid.Error(), "x509: "))
	case errors.As(err, &roots):
		return fmt.Sprintf("this machine knows no certificate authorities, so %s cannot be trusted: install its ca-certificates, or set SSL_CERT_FILE", to)
	}
	return ""
}

// explainTLS is about a connection that cannot be made secure.
func explainTLS(err error, to string) string {
	var record tls.RecordHeaderError
	var op *net.OpError
	switch {
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		return to + " does not speak HTTPS there: another port, or something on the way that answers for it"
	case errors.As(err, &op) && strings.HasSuffix(op.Op, " error"): // crypto/tls has "remote error" and "local error"
		return fmt.Sprintf("no secure connection to %s can be made (%s)", to, strings.TrimPrefix(op.Err.Error(), "tls: "))
	}
	return ""
}

// explainTime is about a request that has no more time.
func explainTime(err error, to string) string {
	var op *net.OpError
	var timeout net.Error
	late := errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded)
	switch {
	case errors.Is(err, context.Canceled):
		return "it was interrupted before there was an answer"
	case late && errors.As(err, &op) && op.Op == "dial":
		return fmt.Sprintf("there was no connection to %s in time: a firewall may be in the way, or the server down", to)
	case late:
		return fmt.Sprintf("there was no answer from %s in time", to)
	}
	return ""
}

// explainConnection is about a connection that is not made, or breaks.
func explainConnection(err error, to string) string {
	switch {
	case isErrno(err, syscall.ECONNREFUSED, 10061, 1225):
		return to + " refused the connection: nothing listens there, or a firewall refuses it"
	case isErrno(err, syscall.ECONNRESET, 10054, 64), isErrno(err, syscall.ECONNABORTED, 10053, 1236), isErrno(err, syscall.EPIPE, 109),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return to + " closed the connection before it had answered"
	case isErrno(err, syscall.ENETUNREACH, 10051, 1231), isErrno(err, syscall.EHOSTUNREACH, 10065, 1232), isErrno(err, syscall.ENETDOWN, 10050),
		isErrno(err, syscall.EHOSTDOWN, 10064), isErrno(err, syscall.EADDRNOTAVAIL, 10049):
		return fmt.Sprintf("there is no way to %s: this machine has no network, or none that leads there", to)
	case isErrno(err, syscall.EACCES, 10013), isErrno(err, syscall.EPERM, 5):
		return fmt.Sprintf("this machine does not allow a connection to %s: look at its firewall", to)
	case isErrno(err, syscall.EMFILE, 10024), isErrno(err, syscall.ENFILE, 4):
		return "no connection could be made: too many files are open"
	}
	return ""
}

// isErrno reports whether an error is one of the system's: of Unix, or by its number of
// Windows, where the constants of the syscall package are no errors of the system.
func isErrno(err error, unix syscall.Errno, windows ...syscall.Errno) bool {
	if runtime.GOOS != "windows" {
		return errors.Is(err, unix)
	}
	return slices.ContainsFunc(windows, func(e syscall.Errno) bool { return errors.Is(err, e) })
}

// proxyAnswer is a proxy's refusal to make a connection, of which net/http would give two
// words.
type proxyAnswer struct{ proxy, status string }

func (p *proxyAnswer) Error() string {
	return fmt.Sprintf("the proxy %s makes no connection: it answered %s", p.proxy, p.status)
}

// askedProxy is called with a proxy's answer.
func askedProxy(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return &proxyAnswer{proxy.Host, answer.Status}
}

// errProxyAddress is for a proxy whose address may hold a password that cannot be found
// in it, so it is not shown.
var errProxyAddress = errors.New("HTTPS_PROXY or https_proxy is not the address of a proxy, such as http://proxy.example:3128")

// proxyOf is the proxy for a request, from the environment.
func proxyOf(r *http.Request) (*url.URL, error) {
	proxy, err := http.ProxyFromEnvironment(r)
	if err != nil {
		return nil, errProxyAddress
	}
	return proxy, nil
}
