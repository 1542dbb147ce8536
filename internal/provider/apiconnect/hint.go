package apiconnect

import (
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
)

// consumerID is the consumer toolkit's own public client.
const consumerID = "819a8de7-7204-4adb-918f-391ba39d29d0"

// hint explains a refusal: API Connect answers 401 to whatever is wrong.
func hint(e *fault.Error, p *profile.Profile, r realm) {
	switch {
	case e.Kind != fault.Auth:
		return
	case e.Status == 404 && r.consumer():
		e.Hint("base_url must be the consumer API endpoint, and realm name an organization and a catalog that it has")
		return
	case e.Status == 404:
		e.Hint("base_url is probably that of a user interface or a gateway: use the platform API endpoint")
		return
	case e.Status != 400 && e.Status != 401:
		return
	}
	grantHint(e, p)
	switch {
	case p.ClientID == publicID && r.consumer():
		e.Hint("set credentials_file, or client_id: %s (the consumer toolkit's public client) and its client_secret", consumerID)
	case p.ClientID == publicID:
		e.Hint("an administrator may have deleted the product's public client: set credentials_file to the downloaded credentials.json")
	}
}

func grantHint(e *fault.Error, p *profile.Profile) {
	switch p.Grant {
	case provider.Password:
		e.Hint("check username and password; a wrong realm is the usual cause, the user must exist in it: authctl realm list -p %s --refresh", p.Name)
	case provider.APIKey:
		e.Hint("an API key serves once and for five minutes by default: make a new one, and reuse the cached token")
	case provider.ClientCredentials:
		e.Hint("check client_id and client_secret")
	case provider.RefreshToken:
		e.Hint("the refresh token is spent, or of another client: set a new one")
	}
}
