package httpx

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

// MaxRetryAfter bounds what a server may ask for: a hostile answer must not silence the program for a year.
const MaxRetryAfter = time.Hour

// ReadLimited reads r to its end. More than limit bytes are a protocol fault, and so is an end that comes too early.
func ReadLimited(r io.Reader, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, Failure(err)
	case int64(len(body)) > limit:
		return nil, fault.New(fault.Protocol, "protocol.too_large", "the reply is larger than %d bytes", limit)
	}
	return body, nil
}

// RetryAfter reads the Retry-After header (RFC 9110 section 10.2.3), in seconds or as a date, as a time to wait from
// now. A past date is no wait; more than [MaxRetryAfter] is cut to it; what cannot be read is false.
func RetryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	value := strings.Trim(h.Get("Retry-After"), " \t")
	if value == "" {
		return 0, false
	}
	if strings.Trim(value, "0123456789") == "" {
		seconds, err := strconv.ParseUint(value, 10, 64)
		if err != nil || seconds > uint64(MaxRetryAfter/time.Second) {
			return MaxRetryAfter, true
		}
		return time.Duration(seconds) * time.Second, true // bounded above
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return min(max(date.Sub(now), 0), MaxRetryAfter), true
}
