package apiconnect

import (
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
)

// hint explains a refusal: API Connect answers 401 to whatever is wrong.
func hint(e *fault.Error, p *profile.Profile) {
	switch {
	case e.Kind != fault.Auth:
		return
	case e.Status == 404:
		e.Hint("base_url is probably that of a user interface or a gateway: use the platform API endpoint")
		return
	case e.Status != 400 && e.Status != 401:
		return
	}
	switch p.Grant {
	case provider.Password:
		e.Hint("check username and password; a wrong realm is the usual cause, the user must exist in it: authctl realm list -p %s --refresh", p.Name)
	case provider.APIKey:
		e.Hint("an API key serves once and for five minutes by default: make a new one, and reuse the cached token")
	case provider.ClientCredentials:
		e.Hint("check client_id and client_secret")
	}
	if p.ClientID == publicID {
		e.Hint("an administrator may have deleted the product's public client: set credentials_file to the downloaded credentials.json")
	}
}
