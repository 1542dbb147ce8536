package auth

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
)

// maxPause bounds what a server may ask for: a hostile Retry-After must not lock a profile for ever.
const maxPause = time.Hour

// Notes are small non-secret facts per name that outlive a process. A note that cannot be read is no note.
type Notes interface {
	ReadState(name string) ([]byte, bool)
	WriteState(name string, data []byte) error
	ClearState(name string) error
}

// note is what one process tells the next about a token endpoint.
type note struct {
	// NotBefore is when the server wants to be asked again (Retry-After of a 429 or 503).
	NotBefore time.Time `json:"not_before,omitzero"`
	// Refused is when the server refused these credentials. Who was already waiting for that answer takes it for
	// its own: fifty jobs with one wrong password are one failed login, not fifty and a locked account.
	Refused time.Time `json:"refused,omitzero"`
	Salt    []byte    `json:"salt,omitempty"`
	Mark    []byte    `json:"mark,omitempty"`
	Profile string    `json:"profile,omitempty"` // the other profile whose server it was
	Code    string    `json:"code,omitempty"`
	Message string    `json:"message,omitempty"`
	Hints   []string  `json:"hints,omitempty"`
	OAuth   string    `json:"oauth_error,omitempty"`
	Status  int       `json:"status,omitempty"`
}

// mayAsk says whether the token endpoint may be asked now, by one that has been waiting since that time.
func (s *Session) mayAsk(ctx context.Context, since time.Time) error {
	now := s.Clock()
	n := s.readNote(s.pauseName())
	if pause := n.NotBefore.Sub(now); pause > 0 && pause <= maxPause {
		e := fault.New(fault.Network, "network.throttled", "the server asked for a pause: %w", &grant.Throttled{Until: n.NotBefore}).
			Doing("token request to %s", s.Identity.TokenEndpoint)
		e.Status, e.Retryable = n.Status, true
		return e.Hint("try again in %d seconds", int64((pause+time.Second-1)/time.Second))
	}
	n = s.readNote(s.Identity.Key())
	if n.Refused.After(since) && !n.Refused.After(now) && bytes.Equal(n.Mark, s.mark(ctx, n.Salt)) {
		return &fault.Error{
			Kind: fault.Auth, Code: n.Code, Profile: n.Profile, Err: errors.New(n.Message), Hints: n.Hints,
			OAuthError: n.OAuth, Status: n.Status,
		}
	}
	return nil
}

// pauseName is the name of a pause's note: a server that is asked too often by a client means all its tokens, whichever
// scopes or resources they are for.
func (s *Session) pauseName() string {
	client := s.Identity
	client.Scopes, client.Audience, client.Resources, client.Params = nil, nil, nil, nil
	return client.Key()
}

// noteFailure keeps what other processes should know of a failed request. What no server said, such as that nobody is
// there to type a secret, is true of this process alone; and a pause that the server of another profile asked for, whose
// token this one's is exchanged for, is noted there.
func (s *Session) noteFailure(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	e := fault.From(err)
	t, paused := errors.AsType[*grant.Throttled](err)
	switch {
	case paused && e.Profile == "":
		s.write(s.pauseName(), s.pause(t.Until, e.Status))
	case !paused && isRefused(err):
		s.write(s.Identity.Key(), s.refusal(ctx, e))
	}
}

func (s *Session) pause(until time.Time, status int) note {
	if limit := s.Clock().Add(maxPause); until.After(limit) {
		until = limit
	}
	return note{NotBefore: until, Status: status}
}

func (s *Session) refusal(ctx context.Context, e *fault.Error) note {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails since Go 1.24
	return note{
		Refused: s.Clock(), Salt: salt, Mark: s.mark(ctx, salt), Profile: e.Profile, Code: e.CodeOrKind(), Message: e.Error(),
		Hints: e.Hints, OAuth: e.OAuthError, Status: e.Status,
	}
}

func (s *Session) write(name string, n note) {
	if data, err := json.Marshal(n); err == nil {
		_ = s.Notes.WriteState(name, data) // without the note the others ask for themselves
	}
}

// mark tells the credentials of a refusal from corrected ones, whose owner must not be told that they were refused. It
// is one byte of their HMAC: too little to guess them by.
func (s *Session) mark(ctx context.Context, salt []byte) []byte {
	bound, err := s.Bound(ctx)
	if err != nil {
		return nil
	}
	return binding(salt, bound)[:1]
}

func (s *Session) readNote(name string) note {
	var n note
	if data, ok := s.Notes.ReadState(name); !ok || json.Unmarshal(data, &n) != nil {
		return note{}
	}
	return n
}

// LiftPause lets the server be asked at once, whatever it said.
func (s *Session) LiftPause() {
	_ = s.Notes.ClearState(s.pauseName()) // an old note is overruled by its own times
}

func (s *Session) clearNotes() {
	s.LiftPause()
	_ = s.Notes.ClearState(s.Identity.Key())
}
