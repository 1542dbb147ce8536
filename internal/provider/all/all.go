// Package all is the one list of the providers that authctl has.
package all

import (
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/provider/apiconnect"
	"github.com/authctl/authctl/internal/provider/entra"
	"github.com/authctl/authctl/internal/provider/mulesoft"
	"github.com/authctl/authctl/internal/provider/oauth2"
	"github.com/authctl/authctl/internal/provider/tnco"
)

// All lists the providers in the order in which help shows them.
func All() provider.Registry {
	return provider.Registry{
		tnco.Provider(),
		apiconnect.Provider(),
		entra.Provider(),
		mulesoft.Provider(),
		oauth2.Provider(),
	}
}
