package entra

import (
	"context"
	"errors"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
)

// browserLogin explains what a browser brings back as well: such an answer has no status, but the same AADSTS codes.
type browserLogin struct {
	*grant.AuthorizationCode

	profile *profile.Profile
}

var (
	_ grant.Login     = browserLogin{}
	_ grant.Refresher = browserLogin{}
)

// Login implements [grant.Login].
func (g browserLogin) Login(ctx context.Context, person grant.Person) (*grant.Token, error) {
	token, err := g.AuthorizationCode.Login(ctx, person)
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Status == 0 {
		hint(e, g.profile)
	}
	return token, err
}
