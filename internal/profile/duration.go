package profile

import (
	"strings"
	"time"
)

// ParseDuration reads a duration as Go writes it: 90s, 20m, 1h30m. A bare number is refused, since seconds and
// milliseconds are both common. The error is a *[KeyError].
func ParseDuration(key, text string) (time.Duration, error) {
	e := &KeyError{Key: key, Reason: "must be a duration with its unit, more than 0", Hint: key + ": 90s, 20m or 1h30m"}
	d, err := time.ParseDuration(text)
	switch {
	case strings.Trim(text, "0123456789") == "":
		e.Reason = "has no unit"
		return 0, e
	case err == nil && d > 0:
		return d, nil
	}
	return 0, e
}
