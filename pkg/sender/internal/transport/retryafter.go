package transport

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
)

// retryAfter reads the header's two forms, seconds and a date (RFC 9110, section 10.2.3).
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(strings.TrimSpace(value)); err == nil || errors.Is(err, strconv.ErrRange) { // then it is the nearest int
		return time.Duration(max(0, min(seconds, int(backoff.MaxRetryAfter/time.Second)))) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, min(at.Sub(now), backoff.MaxRetryAfter))
	}
	return 0
}
