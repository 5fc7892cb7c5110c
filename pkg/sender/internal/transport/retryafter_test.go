package transport

import (
	"math/big"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
)

func TestRetryAfter(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"":                      0,
		"0":                     0,
		"-5":                    0,
		"7":                     7 * time.Second,
		" 7 ":                   7 * time.Second,
		"99999999999999999999":  backoff.MaxRetryAfter,
		"-99999999999999999999": 0,
		"9999999":               backoff.MaxRetryAfter,
		"soon":                  0,
		noon.Add(time.Minute).Format(http.TimeFormat):      time.Minute,
		noon.Add(-time.Minute).Format(http.TimeFormat):     0,
		noon.Add(1000 * time.Hour).Format(http.TimeFormat): backoff.MaxRetryAfter,
	} {
		if got := retryAfter(value, noon); got != want {
			t.Errorf("%q: got %v, want %v", value, got, want)
		}
	}
}

// FuzzRetryAfter holds that a server asks for no more than a day and no less than
// nothing, and that seconds are what they are as numbers of any size.
func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{
		"", "0", "1", " 120 ", "-1", "+5", "86400", "86401", "9223372036854775807", "-9223372036854775808", "-9223372037", "18446744073709551617",
		"1.5", "1e3", "0x10", "soon", noon.Add(time.Hour).Format(http.TimeFormat), noon.Add(-time.Hour).Format(http.TimeFormat),
		"Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
	} {
		f.Add(value)
	}
	seconds := regexp.MustCompile(`^[+-]?[0-9]+$`)
	day := big.NewInt(24 * 60 * 60)
	f.Fuzz(func(t *testing.T, value string) {
		got := retryAfter(value, noon)
		if got < 0 || got > 24*time.Hour {
			t.Fatalf("%q is %v", value, got)
		}
		trimmed := strings.TrimSpace(value)
		n, ok := new(big.Int).SetString(trimmed, 10)
		if !ok || !seconds.MatchString(trimmed) {
			return
		}
		if n.Sign() < 0 {
			n.SetInt64(0)
		}
		if n.Cmp(day) > 0 {
			n.Set(day)
		}
		if want := time.Duration(n.Int64()) * time.Second; got != want {
			t.Errorf("%q is %v, want %v", value, got, want)
		}
	})
}
