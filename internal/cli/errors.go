package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

// What is said on stderr: "authctl: error: PROFILE: what: why" and below it "authctl: hint: what to type", lower case,
// no full stop. Text that a server or a file had a part in is masked and made visible here, whatever was done before.

func (a *App) printText(e *fault.Error) {
	text := e.Error()
	if e.Profile != "" {
		text = e.Profile + ": " + text
	}
	a.say("error: " + text)
	for _, hint := range e.Hints {
		a.say("hint: " + hint)
	}
}

// warn tells of what did not stop the command.
func (a *App) warn(format string, args ...any) { a.say("warning: " + fmt.Sprintf(format, args...)) }

// note tells what was done.
func (a *App) note(format string, args ...any) { a.say(fmt.Sprintf(format, args...)) }

func (a *App) say(text string) {
	text = httpx.Visible(strings.ReplaceAll(a.Mask.Text(text), "\n", " "))
	_, _ = fmt.Fprintf(a.IO.Err, "authctl: %s\n", text)
}

// errorObject is the error of --error-format json; its members are part of the contract.
type errorObject struct {
	Code          string `json:"code"`
	Exit          int    `json:"exit"`
	Profile       string `json:"profile,omitempty"`
	Message       string `json:"message"`
	Hint          string `json:"hint,omitempty"`
	OAuthError    string `json:"oauth_error,omitempty"`
	Status        int    `json:"status,omitempty"`
	CorrelationID string `json:"correlation_id,omitempty"`
	Retryable     bool   `json:"retryable"`
}

func (a *App) errorObject(e *fault.Error) errorObject {
	clean := func(s string) string { return httpx.Visible(a.Mask.Text(s)) }
	return errorObject{
		Code: e.CodeOrKind(), Exit: e.Kind.ExitCode(), Profile: clean(e.Profile), Message: clean(e.Error()), Hint: clean(e.HintText()),
		OAuthError: clean(e.OAuthError), Status: e.Status, CorrelationID: clean(e.CorrelationID), Retryable: e.Retryable,
	}
}

func (a *App) printJSON(e *fault.Error) {
	enc := json.NewEncoder(a.IO.Err)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(map[string]errorObject{"error": a.errorObject(e)})
}
