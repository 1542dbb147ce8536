package grant

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const (
	longestLife = 365 * 24 * time.Hour
	instead     = 24 * time.Hour // of a longer life: milliseconds, or an instant, taken for a number of seconds
	farFuture   = 1e11           // as a Unix time: the year 5138, within reach of time.Time
)

// Lifetime reads expires_in and its like: a number of seconds, or a string that is one; fractions are cut, and what is
// not above 0 is 0. said is false where the server left it open.
func (m Members) Lifetime(name string) (life time.Duration, said bool, err error) {
	raw := m[name]
	text := string(raw)
	if text == "" || text == "null" {
		return 0, false, nil
	}
	if text[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil {
			return 0, false, notSeconds(name)
		}
		if text == "" {
			return 0, false, nil
		}
	}
	life, ok := seconds(text)
	if !ok {
		return 0, false, notSeconds(name)
	}
	return life, true, nil
}

func notSeconds(name string) error { return fmt.Errorf("%s is not a number of seconds", name) }

// seconds reads a number of JSON's grammar; fractions are cut.
func seconds(text string) (time.Duration, bool) {
	if !isNumber(text) {
		return 0, false
	}
	n, _ := strconv.ParseFloat(text, 64) // out of range: an infinity, which the comparisons below take as it is meant
	n = math.Trunc(n)
	switch {
	case n <= 0:
		return 0, true
	case n > longestLife.Seconds():
		return instead, true
	}
	return time.Duration(n) * time.Second, true
}

func isNumber(text string) bool {
	if text == "" || !json.Valid([]byte(text)) {
		return false
	}
	first, last := text[0], text[len(text)-1]
	return (first == '-' || isDigit(first)) && isDigit(last) // JSON lets blanks stand around a value
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// jwtExpiry is the exp claim of a token that happens to be a readable JWT. Nothing is verified: it may shorten a
// guessed life, never lengthen one.
func jwtExpiry(token string) (time.Time, bool) {
	_, rest, ok := strings.Cut(token, ".")
	payload, signature, ok2 := strings.Cut(rest, ".")
	if !ok || !ok2 || strings.Contains(signature, ".") {
		return time.Time{}, false
	}
	claims, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return time.Time{}, false
	}
	found, err := parseObject(claims)
	if err != nil {
		return time.Time{}, false
	}
	exp, err := strconv.ParseFloat(string(found["exp"]), 64)
	if err != nil || exp > farFuture {
		return time.Time{}, false
	}
	return time.Unix(int64(max(exp, 0)), 0), true
}
