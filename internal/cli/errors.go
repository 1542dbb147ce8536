package cli

import (
	"fmt"
	"strings"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

// What is said on stderr: "authctl: error: PROFILE: what: why" and below it "authctl: hint: what to type", lower case,
// no full stop. Text that a server or a file had a part in is masked and made visible here, whatever was done before.

func (a *App) printText(e *fault.Error, status int) {
	text := e.Error()
	if status == wrapperStatus { // which does not tell the kind
		text = e.Kind.String() + ": " + text
	}
	if e.Profile != "" {
		text = e.Profile + ": " + text
	}
	a.say("error: " + text)
	for _, hint := range e.Hints {
		a.say("hint: " + hint)
	}
}

// warn tells of what did not stop the command. With --error-format json a failure is the one object on stderr, so
// warnings wait for the command's good end.
func (a *App) warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if a.jsonErrors {
		a.warnings = append(a.warnings, text)
		return
	}
	a.say("warning: " + text)
}

// printWarnings tells what was kept back, one JSON object a line.
func (a *App) printWarnings() {
	for _, text := range a.warnings {
		_, _ = a.IO.Err.Write(marshalLine(map[string]string{"warning": a.clean(text)}))
	}
	a.warnings = nil
}

// note tells a person what was done.
func (a *App) note(format string, args ...any) {
	if !a.jsonErrors {
		a.say(fmt.Sprintf(format, args...))
	}
}

// inform is a note that a command promises: --error-format json does not hold it back.
func (a *App) inform(format string, args ...any) {
	if a.jsonErrors {
		a.tell(format, args...)
		return
	}
	a.note(format, args...)
}

func (a *App) say(text string) {
	_, _ = fmt.Fprintf(a.IO.Err, "authctl: %s\n", strings.ReplaceAll(a.clean(text), "\n", " "))
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
	return errorObject{
		Code: e.CodeOrKind(), Exit: e.Kind.ExitCode(), Profile: a.clean(e.Profile), Message: a.clean(e.Error()), Hint: a.clean(e.HintText()),
		OAuthError: a.clean(e.OAuthError), Status: e.Status, CorrelationID: a.clean(e.CorrelationID), Retryable: e.Retryable,
	}
}

func (a *App) clean(text string) string { return httpx.Visible(a.Mask.Text(text)) }

func (a *App) printJSON(e *fault.Error, status int) {
	object := a.errorObject(e)
	object.Exit = status // another than the kind's where a command runs the user's own
	_, _ = a.IO.Err.Write(marshalLine(map[string]errorObject{"error": object}))
}
