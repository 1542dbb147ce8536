package grant

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

// Throttled is in the chain of an error whose server asked for a pause. Other processes should keep to it as well.
type Throttled struct{ Until time.Time }

func (t *Throttled) Error() string {
	return "no further request before " + t.Until.UTC().Format(time.RFC3339)
}

// RetryAt is when the server may be asked again.
func (t *Throttled) RetryAt() time.Time { return t.Until }

// refuse reports whether a reply says error, which some servers do under status 200.
func (m Members) refuse() bool {
	switch string(m["error"]) {
	case "", "null", "false", `""`:
		return false
	}
	return true
}

// refused is the server's no. It is exit 4 whatever the body looks like.
func (e *Endpoint) refused(rep *reply) *fault.Error {
	said := e.explain(rep)
	failure := &fault.Error{
		Kind: fault.Auth, Code: fmt.Sprintf("auth.http_%d", rep.status), Err: errors.New(said.line(rep.status)),
		OAuthError: said.code, Status: rep.status, CorrelationID: said.correlation,
	}
	if said.code != "" {
		failure.Code = "auth." + said.code
	}
	return failure
}

// unavailable is a server that cannot answer now: 429 and 5xx.
func (e *Endpoint) unavailable(rep *reply) *fault.Error {
	said := e.explain(rep)
	failure := &fault.Error{
		Kind: fault.Network, Code: "network.server_error", Err: errors.New(said.line(rep.status)),
		OAuthError: said.code, Status: rep.status, CorrelationID: said.correlation, Retryable: true,
	}
	if rep.status == http.StatusTooManyRequests {
		failure.Code = "network.throttled"
	}
	now := e.now()
	wait, ok := httpx.RetryAfter(rep.header, now)
	if !ok || wait <= 0 {
		return failure.Hint("try again later")
	}
	failure.Err = fmt.Errorf("%w: %w", failure.Err, &Throttled{Until: now.Add(wait)})
	return failure.Hint("try again in %s", wait.Round(time.Second))
}

// explanation is what a reply says about a failure, fit to be shown.
type explanation struct {
	code        string // an OAuth error code, empty where there is none
	text        string // code and description
	correlation string
}

func (x explanation) line(status int) string {
	line := fmt.Sprintf("HTTP %d", status)
	if name := http.StatusText(status); name != "" && status >= 400 {
		line += " " + name
	}
	return line + ": " + x.text
}

func (e *Endpoint) explain(rep *reply) explanation {
	if rep.broken != nil {
		return explanation{text: rep.broken.Error(), correlation: e.correlation(rep, nil)}
	}
	found, err := parse(rep.body)
	if err != nil {
		return explanation{text: e.prose(rep.body), correlation: e.correlation(rep, nil)}
	}
	code := found.errorCode(rep.status)
	x := explanation{code: e.safeCode(code), correlation: e.correlation(rep, found)}
	words := found.description()
	switch {
	case code != "":
		words = append([]string{code}, words...)
	case words == nil:
		words = phrases(found["error"], 3)
	}
	if x.text = e.Show(strings.Join(words, ": ")); x.text == "" {
		x.text = "the body does not say why"
	}
	return x
}

// errorCode is the OAuth error code of a reply. The frameworks' own error pages carry the reason phrase of the status
// in the same member, and APIs of other families an object.
func (m Members) errorCode(status int) string {
	code, _, err := m.Text("error")
	if err != nil || code == "" || code == http.StatusText(status) {
		return ""
	}
	var own int
	if json.Unmarshal(m["status"], &own) == nil && code == http.StatusText(own) {
		return ""
	}
	return code
}

// safeCode lets through what can be part of a stable code of ours: letters, digits and a few joiners.
func (e *Endpoint) safeCode(code string) string {
	if len(code) > 64 || !isWord(code, "_-.") || e.Show(code) != code {
		return ""
	}
	return code
}

func isWord(s, joiners string) bool {
	for i := range len(s) {
		c := s[i]
		if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z') && strings.IndexByte(joiners, c) < 0 {
			return false
		}
	}
	return s != ""
}

// description collects the words of the known error shapes: RFC 6749, API Connect and its gateway, Spring, Microsoft
// and Google APIs, RFC 9457, TNCO.
func (m Members) description() []string {
	for _, name := range []string{
		"error_description", "message", "localizedMessage", "moreInformation", "detail", "msg", "errors", "httpMessage", "title",
	} {
		if words := phrases(m[name], 3); words != nil {
			return words
		}
	}
	return nil
}

// phrases gives the texts in a string, a list of strings, or an object with code and message.
func phrases(raw json.RawMessage, depth int) []string {
	if len(raw) == 0 || depth == 0 {
		return nil
	}
	switch raw[0] {
	case '"':
		var text string
		if json.Unmarshal(raw, &text) == nil && strings.TrimSpace(text) != "" {
			return []string{text}
		}
	case '[':
		var list []json.RawMessage
		_ = json.Unmarshal(raw, &list) // raw was parsed before
		var words []string
		for _, item := range list {
			words = append(words, phrases(item, depth-1)...)
		}
		return words
	case '{':
		found, err := parseObject(raw)
		if err != nil {
			return nil
		}
		return append(phrases(found["code"], 1), phrases(found["message"], 2)...)
	}
	return nil
}

// correlation is what the server's operators can look the request up by.
func (e *Endpoint) correlation(rep *reply, found Members) string {
	var ids []string
	for _, name := range []string{"correlation_id", "trace_id"} {
		if id, _, err := found.Text(name); err == nil {
			ids = append(ids, id)
		}
	}
	for _, name := range []string{"x-ms-request-id", "X-Request-ID", "X-Correlation-ID"} {
		ids = append(ids, rep.header.Get(name))
	}
	for _, id := range ids {
		if len(id) <= 128 && isWord(id, "_-.:/+=") && e.Show(id) == id {
			return id
		}
	}
	return ""
}
