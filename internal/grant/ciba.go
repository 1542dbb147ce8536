package grant

import (
	"context"
	"errors"
	"time"

	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/secret"
)

// CIBA is OpenID Connect Client-Initiated Backchannel Authentication, Core 1.0, in poll mode: the server reaches the
// person on a device of theirs, and this machine asks until they have agreed there.
type CIBA struct {
	Config
	// Hint says who the person is: one of login_hint, login_hint_token and id_token_hint.
	Hint Hint
	// BindingMessage is shown on both devices, so that the person can tell this login from others.
	BindingMessage string
	// AuthorizationParams are further parameters of the authentication request.
	AuthorizationParams []Field
	// Wait passes the time between two polls; nil: on the clock.
	Wait func(ctx context.Context, d time.Duration) error
}

// Hint is a parameter of CIBA Core 1.0 section 7.1 that identifies a person.
type Hint struct {
	Name  string
	Value SecretFunc
}

var (
	_ Grant     = (*CIBA)(nil)
	_ Login     = (*CIBA)(nil)
	_ Refresher = (*CIBA)(nil)
)

// Token implements [Grant]: there is no token without a person.
func (g *CIBA) Token(context.Context, Ask) (*Token, error) { return nil, ErrLoginRequired }

// Login implements [Login].
func (g *CIBA) Login(ctx context.Context, person Person) (*Token, error) {
	flow, err := g.Flow(ctx, nil)
	if err != nil {
		return nil, err
	}
	now := flow.Endpoint.now()
	reply, err := g.begin(ctx, flow)
	if err != nil {
		return nil, err
	}
	p := &poll{flow: flow, wait: g.Wait}
	if err := p.authentication(reply, now); err != nil {
		return nil, protocol(err).Doing("reading the reply of the backchannel authentication endpoint")
	}
	person.Tell("agree to the login on your device")
	if g.BindingMessage != "" {
		person.Tell("it shows: %s", httpx.Excerpt(g.BindingMessage, nil))
	}
	token, err := p.token(ctx)
	return flow.checked(ctx, token, err, secret.String{})
}

// begin sends the authentication request.
func (g *CIBA) begin(ctx context.Context, flow *Config) (Members, error) {
	server, err := flow.Server.Metadata(ctx)
	if err != nil {
		return nil, err
	}
	if server.BackchannelAuthentication == "" {
		return nil, missing("backchannel authentication endpoint", "backchannel_authentication_url")
	}
	hint, err := g.Hint.Value(ctx)
	if err != nil {
		return nil, err
	}
	fields := flow.scoped(nil)
	if g.Hint.Name == "login_hint" {
		fields = append(fields, Plain(g.Hint.Name, hint.Reveal()))
	} else {
		fields = append(fields, Hidden(g.Hint.Name, hint))
	}
	if g.BindingMessage != "" {
		fields = append(fields, Plain("binding_message", g.BindingMessage))
	}
	return flow.Ask(ctx, server.BackchannelAuthentication, append(fields, g.AuthorizationParams...)...)
}

// authentication reads the reply of CIBA Core 1.0 section 7.3.
func (p *poll) authentication(reply Members, now time.Time) error {
	id, _, err := reply.Text("auth_req_id")
	switch {
	case err != nil:
		return err
	case id == "" || len(id) > maxDeviceCode || !visible(id):
		return errors.New("the reply has no auth_req_id that can be used")
	}
	p.fields = []Field{Plain("grant_type", "urn:openid:params:grant-type:ciba"), Hidden("auth_req_id", secret.New(id))}
	p.flow.Endpoint.Mask.Add(secret.New(id))
	return p.times(reply, now)
}
