// Package fault holds the one error type whose meaning outlives the program: its kind decides the exit code, its
// code is stable for scripts, its hints say what to type next. Rooms return it; only the command line prints it.
package fault

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Kind is the class of a failure. Each kind has one exit code, frozen since the first release (docs/exit-codes.md).
type Kind uint8

// The kinds, in the order of their exit codes.
const (
	Internal   Kind = iota // a bug
	Usage                  // the command line cannot be meant
	Config                 // profiles.yaml, a secret reference or an environment setting
	Auth                   // the authorization server refused, or a person must log in
	Timeout                // a time-out of any phase
	Network                // DNS, connection, proxy, or a server that cannot answer now
	Policy                 // origin, redirect, scheme or issuer forbidden
	TLS                    // handshake or verification
	Protocol               // a malformed, oversized or truncated reply
	Store                  // credential store or lock
	IO                     // local input or output
	HTTPStatus             // the API answered with a status of 400 or more
	Canceled               // interrupted by a signal
)

var kinds = [...]struct {
	name string
	exit int
}{
	Internal: {"internal", 1}, Usage: {"usage", 2}, Config: {"config", 3}, Auth: {"auth", 4}, Timeout: {"timeout", 5},
	Network: {"network", 6}, Policy: {"policy", 7}, TLS: {"tls", 8}, Protocol: {"protocol", 9}, Store: {"store", 10},
	IO: {"io", 11}, HTTPStatus: {"http.status", 22}, Canceled: {"canceled", 130},
}

// String is the kind's name, which is also the first word of its codes.
func (k Kind) String() string { return kinds[k].name }

// ExitCode is the process's exit status for the kind.
func (k Kind) ExitCode() int { return kinds[k].exit }

// Error is a failure as the user and a script see it. Err says why; Op says what was tried and on what.
type Error struct {
	Kind    Kind
	Code    string // dotted, stable: "auth.invalid_client"; empty stands for the kind's name
	Profile string
	Op      string
	Err     error
	Hints   []string // each a sentence or a command that the user can type

	OAuthError    string // the error member of RFC 6749 section 5.2
	Status        int    // the HTTP status that told it, 0 where none did
	CorrelationID string // what the server's operators can look up
	Retryable     bool   // the same command may succeed later, unchanged
}

// New makes an error of a kind; format takes %w as [fmt.Errorf] does.
func New(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Err: fmt.Errorf(format, args...)}
}

// Error is the message without profile and hints: "what: why".
func (e *Error) Error() string {
	switch {
	case e.Op == "":
		return e.Err.Error()
	case e.Err == nil:
		return e.Op
	}
	return e.Op + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Hint adds a next step and returns e.
func (e *Error) Hint(format string, args ...any) *Error {
	e.Hints = append(e.Hints, fmt.Sprintf(format, args...))
	return e
}

// Doing sets what was tried, on what, and returns e.
func (e *Error) Doing(format string, args ...any) *Error {
	e.Op = fmt.Sprintf(format, args...)
	return e
}

// CodeOrKind is the stable code, the kind's name where no finer one is set.
func (e *Error) CodeOrKind() string {
	if e.Code == "" {
		return e.Kind.String()
	}
	return e.Code
}

// HintText joins the hints to one line.
func (e *Error) HintText() string { return strings.Join(e.Hints, "; ") }

// From finds the Error in err's chain. What carries none is an internal error, but for a cancelled context
// (Canceled) and a passed deadline (Timeout).
func From(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	switch {
	case errors.Is(err, context.Canceled):
		return &Error{Kind: Canceled, Err: errors.New("interrupted")}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Kind: Timeout, Err: err, Retryable: true}
	}
	return &Error{Kind: Internal, Err: err}
}

// Is reports whether err carries a fault of the kind.
func Is(err error, kind Kind) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == kind
}
