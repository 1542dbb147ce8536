package oidc

import (
	"context"
	"net/http"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/provider/discovery"
)

// follow makes a grant find a token endpoint that has moved since its server's metadata were kept. The server is asked
// only after a request found nobody at the old address, and the request is made again only at a new one.
func follow(g grant.Grant, server *discovery.Server) grant.Grant {
	f := following{g, server}
	refresher, refreshes := g.(grant.Refresher)
	if !refreshes {
		return f
	}
	r := followingRefresh{f, refresher}
	if login, ok := g.(grant.Login); ok {
		return followingLogin{r, login}
	}
	return r
}

type following struct {
	grant  grant.Grant
	server *discovery.Server
}

// Token implements [grant.Grant].
func (f following) Token(ctx context.Context, ask grant.Ask) (*grant.Token, error) {
	token, err := f.grant.Token(ctx, ask)
	if isNobody(err) && f.server.Moved(ctx) {
		return f.grant.Token(ctx, ask)
	}
	return token, err
}

type followingRefresh struct {
	following
	refresher grant.Refresher
}

// Refresh implements [grant.Refresher].
func (f followingRefresh) Refresh(ctx context.Context, prev *grant.Token, ask grant.Ask) (*grant.Token, error) {
	token, err := f.refresher.Refresh(ctx, prev, ask)
	if isNobody(err) && f.server.Moved(ctx) {
		return f.refresher.Refresh(ctx, prev, ask)
	}
	return token, err
}

type followingLogin struct {
	followingRefresh
	login grant.Login
}

// Login implements [grant.Login]. A person is not sent around twice; where nobody is at an address, it is the next login
// that asks the server for its addresses again.
func (f followingLogin) Login(ctx context.Context, person grant.Person) (*grant.Token, error) {
	token, err := f.login.Login(ctx, person)
	if isNobody(err) {
		f.server.Forget()
	}
	return token, err
}

// isNobody knows the errors of an address where no token endpoint is any more.
func isNobody(err error) bool {
	if err == nil {
		return false
	}
	e := fault.From(err)
	switch e.Status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone:
		return true
	}
	return e.Kind == fault.Network && e.Status == 0
}
