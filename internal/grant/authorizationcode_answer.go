package grant

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"

	"github.com/authctl/authctl/internal/callback"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

// answers are where the answer of an authorization request is heard.
type answers interface {
	URI() string
	Wait(ctx context.Context, state secret.String) (*callback.Answer, error)
	Refused() int
	Close()
}

// unheard stands for a port that nobody here listens to.
type unheard struct{ callback.Redirect }

func (unheard) Wait(ctx context.Context, _ secret.String) (*callback.Answer, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
func (unheard) Refused() int { return 0 }
func (unheard) Close()       {}

// ask sends the person to the address and takes the answer off the loopback, where there is a listener before there is
// a browser; or off the terminal, whichever is first.
func (a *attempt) ask(ctx context.Context, person Person, heard answers, address string) (*callback.Answer, error) {
	var asking sync.WaitGroup
	defer asking.Wait() // a prompt that nobody answered ends before anything else is said
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		answer *callback.Answer
		err    error
	}
	first := make(chan result, 2)
	take := func(from func() (*callback.Answer, error)) {
		asking.Go(func() {
			answer, err := from()
			first <- result{answer, late(ctx, heard, err)}
		})
	}
	take(func() (*callback.Answer, error) { return heard.Wait(ctx, a.state) })
	person.Tell("open this address in a browser to log in:")
	person.Tell("%s", address)
	if person.Browse == nil {
		take(func() (*callback.Answer, error) { return a.paste(ctx, person) })
	} else if err := person.Browse(ctx, address); err != nil {
		person.Tell("no browser was opened (%s): open the address yourself on this machine, or run authctl login --no-browser",
			a.flow.Endpoint.Show(err.Error()))
	}
	r := <-first
	return r.answer, r.err
}

// late says what a deadline means here.
func late(ctx context.Context, heard answers, err error) error {
	if err == nil || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return err
	}
	failure := fault.New(fault.Timeout, "timeout.login", "nobody has logged in").Doing("waiting for the answer on %s", heard.URI())
	if n := heard.Refused(); n > 0 {
		failure.Err = errors.New("nobody has logged in; answers that carried another state were refused")
	}
	failure.Retryable = true
	return failure.Hint("run it again; authctl login --login-timeout 15m waits longer")
}

// pastes is how often a person may hand over something of no use.
const pastes = 5

// paste reads the answer off the terminal.
func (a *attempt) paste(ctx context.Context, person Person) (*callback.Answer, error) {
	var unfit error
	for range pastes {
		text, err := person.Paste(ctx, "address that the browser ended up at, or the code")
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, unpasted(err, unfit)
		}
		answer, err := a.read(strings.TrimSpace(text))
		if err == nil || !errors.Is(err, callback.ErrState) && fault.From(err).Code != codeUnpasted {
			return answer, err
		}
		unfit = err
		person.Tell("that is not it: %s", err.Error())
	}
	return nil, unpasted(nil, unfit)
}

const codeUnpasted = "auth.no_code"

// unpasted is a terminal that gave no answer, by its end or by what was typed there.
func unpasted(ended, unfit error) error {
	cause := unfit
	if cause == nil {
		cause = ended
	}
	if known, ok := errors.AsType[*fault.Error](cause); ok && known.Code != codeUnpasted {
		return known
	}
	return fault.New(fault.Auth, codeUnpasted, "no answer was handed over: %w", cause).Doing("reading the answer from the terminal").
		Hint("paste the whole address that the browser ended up at")
}

// read takes the address that the browser ended up at, its query, or the bare code, which carries no state: that the
// answer is to this login is then for the code verifier to prove, which its thief does not have (RFC 7636). Nor does a
// code say who gave it (RFC 9207): the person who read it on the server's page vouches for that.
func (a *attempt) read(text string) (*callback.Answer, error) {
	switch lower := strings.ToLower(text); {
	case text == "":
		return nil, fault.New(fault.Auth, codeUnpasted, "the line is empty")
	case strings.HasPrefix(lower, "http:"), strings.HasPrefix(lower, "https:"):
		return a.readAddress(text)
	case isQuery(text):
		return callback.Parse(strings.TrimPrefix(text, "?"), a.state)
	case strings.ContainsAny(text, " \t"):
		return nil, fault.New(fault.Auth, codeUnpasted, "a code has no blanks")
	}
	code, err := callback.Code(text)
	return &callback.Answer{Code: code, Issuer: a.server.Issuer, Named: true}, err
}

func isQuery(text string) bool {
	query := "&" + strings.TrimPrefix(text, "?")
	return strings.Contains(query, "&code=") || strings.Contains(query, "&state=") || strings.Contains(query, "&error=")
}

// readAddress wants the redirect URI: the page that the person was sent to carries the same state.
func (a *attempt) readAddress(text string) (*callback.Answer, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fault.New(fault.Auth, codeUnpasted, "the address cannot be read")
	}
	query := u.RawQuery
	u.RawQuery, u.Fragment, u.RawFragment, u.ForceQuery = "", "", "", false
	if !strings.EqualFold(u.String(), a.redirect) {
		return nil, fault.New(fault.Auth, codeUnpasted, "the address does not begin with %s: it is not where the login ends", a.redirect)
	}
	return callback.Parse(query, a.state)
}
