package grant

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/secret"
)

// reply is what came back.
type reply struct {
	status int
	header http.Header
	from   *http.Request
	body   []byte
	broken error // why the body is not whole, nil where it is
	sent   time.Time
	where  string // the keys of the profile that say the address; empty: the usual ones
}

func read(resp *http.Response) *reply {
	rep := &reply{status: resp.StatusCode, header: resp.Header, from: resp.Request}
	rep.body, rep.broken = httpx.ReadLimited(resp.Body, maxReply)
	// Nobody asked for gzip; some servers and proxies send it all the same, labelled or not (RFC 1952 section 2.3.1).
	if rep.broken == nil && bytes.HasPrefix(rep.body, []byte{0x1f, 0x8b}) {
		rep.body, rep.broken = unpack(rep.body)
	}
	return rep
}

func unpack(packed []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, httpx.Failure(err)
	}
	return httpx.ReadLimited(z, maxReply)
}

// judge turns a reply into a token, or into the failure that its status and body mean.
func (e *Endpoint) judge(rep *reply, r *Request) (*Token, *fault.Error) {
	found, failure := e.judgeMembers(rep, parse)
	if failure != nil {
		return nil, failure
	}
	if r.Read != nil {
		found = r.Read(found, rep.sent)
	}
	token, err := found.token(r)
	if err != nil {
		return nil, e.notAReply(rep, err)
	}
	life, said, err := found.Lifetime("expires_in")
	if err != nil {
		return nil, e.notAReply(rep, err)
	}
	token.ObtainedAt = rep.sent
	token.ExpiresAt = rep.sent.Add(life)
	if !said {
		token.ExpiresAt = guessExpiry(rep.sent, r.DefaultTTL, token.AccessToken)
	}
	for _, s := range []secret.String{token.AccessToken, token.RefreshToken, token.IDToken} {
		e.Mask.Add(s)
	}
	return token, nil
}

// judgeMembers gives the members of a success in the form that is read there, or the failure that status and body mean.
func (e *Endpoint) judgeMembers(rep *reply, form func([]byte) (Members, error)) (Members, *fault.Error) {
	if failure := e.judgeRefusal(rep); failure != nil {
		return nil, failure
	}
	if rep.broken != nil {
		return nil, httpx.Failure(rep.broken)
	}
	found, err := form(rep.body)
	if err != nil {
		return nil, e.notAReply(rep, err)
	}
	if found.refuse() {
		return nil, e.refused(rep)
	}
	return found, nil
}

// judgeRefusal handles every status that is no success.
func (e *Endpoint) judgeRefusal(rep *reply) *fault.Error {
	if failure := e.judgeStatus(rep); failure != nil {
		return failure
	}
	if rep.status >= 400 {
		return e.refused(rep)
	}
	return nil
}

// guessExpiry is for a reply that does not say how long the token lives.
func guessExpiry(sent time.Time, defaultTTL time.Duration, token secret.String) time.Time {
	guess := sent.Add(defaultTTL)
	if exp, ok := jwtExpiry(token.Reveal()); ok && exp.Before(guess) {
		guess = exp
	}
	if guess.Before(sent) {
		return sent
	}
	return guess
}

// judgeDocument is judge for a public document: a 4xx there refuses nobody.
func (e *Endpoint) judgeDocument(rep *reply) *fault.Error {
	if failure := e.judgeStatus(rep); failure != nil {
		return failure
	}
	if rep.status >= 400 {
		failure := e.refused(rep)
		failure.Kind, failure.Code = fault.Protocol, fmt.Sprintf("protocol.http_%d", rep.status)
		return failure
	}
	if rep.broken != nil {
		return httpx.Failure(rep.broken)
	}
	rep.body = bytes.TrimPrefix(rep.body, []byte("\ufeff"))
	return nil
}

// judgeStatus handles what the status alone decides.
func (e *Endpoint) judgeStatus(rep *reply) *fault.Error {
	switch class := rep.status / 100; {
	case class == 3:
		return redirected(rep)
	case class == 5, rep.status == http.StatusTooManyRequests:
		return e.unavailable(rep)
	case class != 2 && class != 4:
		failure := fault.New(fault.Protocol, "protocol.status", "HTTP %d is no answer to a request", rep.status)
		failure.Status = rep.status
		return failure
	}
	return nil
}

// redirected names the target's origin and no more of it: what follows may carry a code or a session. A followed 307
// would have sent the client's secret there.
func redirected(rep *reply) *fault.Error {
	where := "without saying where to"
	if location := rep.header.Get("Location"); location != "" {
		where = "to an unreadable address"
		if u, err := rep.from.URL.Parse(location); err == nil {
			where = "to " + origin(u)
		}
	}
	failure := fault.New(fault.Policy, "policy.redirect", "HTTP %d redirects %s, and is not followed", rep.status, where).
		Hint("set the address that answers without a redirect in the profile, if you trust it")
	failure.Status = rep.status
	return failure
}

// notAReply is a success that brought no token.
func (e *Endpoint) notAReply(rep *reply, why error) *fault.Error {
	failure := fault.New(fault.Protocol, "protocol.reply", "HTTP %d, but %w", rep.status, why)
	failure.Status = rep.status
	failure.CorrelationID = e.correlation(rep, nil)
	where := first(rep.where, "token_url or base_url")
	switch {
	case errors.Is(why, errHTML):
		if title := e.Show(pageTitle(string(rep.body))); title != "" {
			failure.Err = fmt.Errorf("%w, entitled %q", failure.Err, title)
		}
		return failure.Hint("the address may be that of a web page or a sign-in proxy: check %s of the profile", where)
	case errors.Is(why, errNoToken):
		failure.Code = "protocol.no_access_token"
	case errors.Is(why, errEmptyBody), errors.Is(why, errNoReply):
		return failure.Hint("check %s of the profile", where)
	}
	return failure
}
