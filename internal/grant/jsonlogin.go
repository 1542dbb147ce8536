package grant

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

// JSONLogin is a product's own login from before OAuth: a user's name and proof in one JSON object, no client, and a
// token in return. It is no [Refresher]: such logins give nothing to refresh with.
type JSONLogin struct {
	Config Config // its server's token endpoint is the login's address; scopes, audience and resources are not sent

	Username  string
	ProofName string // the member that holds the proof: password, api_key
	Proof     SecretFunc
	Reply     LoginReply
	// Older is another address of the login, asked with the same proof where the first answers 404 or 405; empty: none.
	Older string
}

var _ Grant = (*JSONLogin)(nil)

// LoginReply says how a login names what RFC 6749 section 5.1 calls access_token and expires_in. The zero value is those
// names themselves; where there are others, only they count.
type LoginReply struct {
	Token     string
	ExpiresIn string
	// ByClaim takes the token's life from its own exp claim, for replies that never say one.
	ByClaim bool
}

// Token implements [Grant].
func (g *JSONLogin) Token(ctx context.Context, _ Ask) (*Token, error) {
	server, err := g.Config.Server.Metadata(ctx)
	if err != nil {
		return nil, err
	}
	proof, err := g.Proof(ctx)
	if err != nil {
		return nil, err
	}
	r := Request{
		URL: server.Token, Auth: None(""), JSON: true, Header: g.Config.header(), DefaultTTL: g.Config.DefaultTTL,
		Fields: slices.Concat([]Field{Plain("username", g.Username), Hidden(g.ProofName, proof)}, g.Config.Params),
		Read:   g.Reply.read, Where: g.Config.Where,
	}
	token, err := g.Config.Endpoint.Token(ctx, r)
	if g.Older != "" && isElsewhere(err) {
		r.URL = g.Older
		token, err = g.Config.Endpoint.Token(ctx, r)
	}
	return token, err
}

// isElsewhere reports whether a server has no login at the address that was asked, so that it looked at no password.
func isElsewhere(err error) bool {
	e, ok := errors.AsType[*fault.Error](err)
	return ok && e.Kind == fault.Auth && (e.Status == http.StatusNotFound || e.Status == http.StatusMethodNotAllowed)
}

// read takes the token, its type and its life, and leaves everything else: nobody could use it.
func (l LoginReply) read(found Members, sent time.Time) Members {
	named := Members{}
	for name, own := range map[string]string{
		"access_token": first(l.Token, "access_token"), "expires_in": first(l.ExpiresIn, "expires_in"), "token_type": "token_type",
	} {
		if value, there := found[own]; there {
			named[name] = value
		}
	}
	if l.ByClaim {
		named.liveByClaim(sent)
	}
	return named
}

// liveByClaim is for a token whose exp claim is all that anybody says about its life.
func (m Members) liveByClaim(sent time.Time) {
	delete(m, "expires_in")
	text, _, err := m.Text("access_token")
	if err != nil {
		return // judged where the token is
	}
	if exp, ok := jwtExpiry(text); ok {
		m["expires_in"] = json.RawMessage(strconv.FormatInt(int64(exp.Sub(sent)/time.Second), 10))
	}
}
