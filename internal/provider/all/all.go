// Package all is the one list of the providers that authctl has.
package all

import (
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/provider/apiconnect"
	"github.com/authctl/authctl/internal/provider/entra"
	"github.com/authctl/authctl/internal/provider/mulesoft"
	"github.com/authctl/authctl/internal/provider/oauth2"
	"github.com/authctl/authctl/internal/provider/oidc"
	"github.com/authctl/authctl/internal/provider/tnco"
)

// All lists the providers in the order in which help shows them. Getenv is for those whose platform says things in
// variables.
func All(getenv func(name string) (string, bool)) provider.Registry {
	return provider.Registry{
		tnco.Provider(),
		apiconnect.Provider(),
		entra.Provider(getenv),
		mulesoft.Provider(),
		oauth2.Provider(),
		oidc.Provider(),
	}
}
