package grant

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"github.com/authctl/authctl/internal/callback"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

// Redirect says where the answer of an authorization request comes back to.
type Redirect = callback.Redirect

// AuthorizationCode is the grant of RFC 6749 section 4.1 for a program on a person's own machine (RFC 8252): the person
// logs in with a browser, whose answer comes back to this machine's loopback.
type AuthorizationCode struct {
	Config
	Redirect Redirect
	// AuthorizationParams are further parameters of the authorization request; Config's go to the token request.
	AuthorizationParams []Field
	PAR                 PAR
}

var (
	_ Grant     = (*AuthorizationCode)(nil)
	_ Login     = (*AuthorizationCode)(nil)
	_ Refresher = (*AuthorizationCode)(nil)
)

// Token implements [Grant]: there is no token without a person.
func (g *AuthorizationCode) Token(context.Context, Ask) (*Token, error) { return nil, ErrLoginRequired }

// Login implements [Login].
func (g *AuthorizationCode) Login(ctx context.Context, person Person) (*Token, error) {
	a, err := g.attempt(ctx)
	if err != nil {
		return nil, err
	}
	listener, err := g.listen(ctx, person)
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	a.redirect = listener.URI()
	address, err := a.address(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := a.ask(ctx, person, listener, address)
	if err != nil {
		return nil, err
	}
	if err := a.judge(answer); err != nil {
		return nil, err
	}
	token, err := a.redeem(ctx, answer.Code)
	return a.flow.checked(ctx, token, err, a.nonce)
}

// attempt is one login: what was sent for it, and what its answer must fit.
type attempt struct {
	grant    *AuthorizationCode
	flow     *Config
	server   *Metadata
	redirect string
	at       string // the origin of the authorization endpoint
	// The verifier is never shown: it goes to the token endpoint alone (RFC 7636). State and nonce stand in the address
	// that a person gets to see.
	state, nonce, verifier secret.String
}

func (g *AuthorizationCode) attempt(ctx context.Context) (*attempt, error) {
	flow, err := g.Flow(ctx, nil)
	if err != nil {
		return nil, err
	}
	server, err := flow.Server.Metadata(ctx)
	if err != nil {
		return nil, err
	}
	a := &attempt{
		grant: g, flow: flow, server: server,
		state: secret.New(rand.Text()), verifier: secret.New(oauth2.GenerateVerifier()),
	}
	flow.Endpoint.Mask.Add(a.verifier)
	if slices.Contains(g.Scopes, "openid") {
		a.nonce = secret.New(rand.Text())
	}
	return a, nil
}

// listen takes the port that the redirect URI names. A person who hands the answer over needs none: the browser may be
// on another machine, and the port in use on this one.
func (g *AuthorizationCode) listen(ctx context.Context, person Person) (answers, error) {
	listener, err := callback.Listen(ctx, g.Redirect)
	if err == nil {
		return listener, nil
	}
	if person.Browse == nil && g.Redirect.Port != 0 && fault.Is(err, fault.IO) {
		return unheard{g.Redirect}, nil
	}
	return nil, err
}

// address is the authorization request, whole or as a reference to the pushed one.
func (a *attempt) address(ctx context.Context) (string, error) {
	u, err := a.flow.Endpoint.target(a.server.Authorization)
	if err != nil {
		return "", fault.New(fault.Config, "config.authorization_url",
			"no authorization endpoint is known that is an https URL (http only on loopback)").
			Hint("set authorization_url of the profile")
	}
	a.at = origin(u)
	fields := a.parameters()
	push, err := a.grant.PAR.pushes(a.server)
	if err != nil {
		return "", err
	}
	if push {
		if fields, err = a.push(ctx, fields); err != nil {
			return "", err
		}
	}
	// RFC 6749 section 3.1: a query that the endpoint has is kept.
	u.RawQuery = strings.Trim(u.RawQuery+"&"+string(formBody(fields)), "&")
	return u.String(), nil
}

// parameters are the authorization request in the order of the wire.
func (a *attempt) parameters() []Field {
	fields := []Field{
		Plain("response_type", "code"), Plain("client_id", a.flow.Auth.ID()), Plain("redirect_uri", a.redirect),
	}
	fields = append(a.flow.scoped(fields), Hidden("state", a.state),
		Plain("code_challenge", oauth2.S256ChallengeFromVerifier(a.verifier.Reveal())), Plain("code_challenge_method", "S256"))
	if !a.nonce.IsZero() {
		fields = append(fields, Hidden("nonce", a.nonce))
	}
	return append(fields, a.grant.AuthorizationParams...)
}

// judge takes the answer only where it is by the server that was asked (RFC 9207), and a yes.
func (a *attempt) judge(answer *callback.Answer) error {
	for _, s := range []secret.String{a.state, a.nonce, answer.Code} {
		a.flow.Endpoint.Mask.Add(s)
	}
	if err := a.judgeIssuer(answer); err != nil {
		return err
	}
	if answer.Error == "" {
		return nil
	}
	e := a.flow.Endpoint
	said := e.Show(answer.Error)
	if words := e.Show(answer.Description); words != "" {
		said += ": " + words
	}
	failure := fault.New(fault.Auth, "auth.refused", "%s", said).Doing("logging in at %s", a.at).
		Hint("log in once more, or ask whoever runs the authorization server")
	if failure.OAuthError = e.safeCode(answer.Error); failure.OAuthError != "" {
		failure.Code = "auth." + failure.OAuthError
	}
	return failure
}

// judgeIssuer refuses the answer of another server, whose code would go to this one, or this one's to that one
// (RFC 9700 section 4.4). A server that nobody named cannot be told from others.
func (a *attempt) judgeIssuer(answer *callback.Answer) error {
	var why string
	switch want := a.server.Issuer; {
	case want == "", answer.Named && answer.Issuer == want, !answer.Named && !a.server.IssParameter:
		return nil
	case answer.Named && answer.Issuer == "":
		why = "the answer is by an issuer without a name"
	case !answer.Named:
		why = "the answer does not say who gives it, though the server announces that its answers do"
	default:
		why = "the answer is by the issuer " + a.flow.Endpoint.Show(answer.Issuer)
	}
	return fault.New(fault.Policy, "policy.issuer", "%s", why).
		Doing("logging in at the issuer %s", a.flow.Endpoint.Show(a.server.Issuer)).
		Hint("log in once more, and finish no login that another page began; check issuer of the profile")
}

// redeem trades the code (RFC 6749 section 4.1.3, RFC 7636 section 4.5).
func (a *attempt) redeem(ctx context.Context, code secret.String) (*Token, error) {
	return a.flow.redeem(ctx, Ask{}, Plain("grant_type", "authorization_code"), Hidden("code", code),
		Plain("redirect_uri", a.redirect), Hidden("code_verifier", a.verifier))
}
