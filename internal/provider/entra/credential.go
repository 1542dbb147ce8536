package entra

import (
	"strings"

	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
)

// credential is how the application proves itself.
type credential string

// The credentials, by the keys that say them.
const (
	none         credential = ""
	clientSecret credential = "client_secret"
	certificate  credential = "certificate"
	federated    credential = "federated_token_file"
	managed      credential = "managed_identity"
)

const oneCredential = "keep one of client_secret, certificate, federated_token_file, managed_identity"

// credentials lists those that the profile says.
func credentials(p *profile.Profile) []credential {
	var said []credential
	if !p.ClientSecret.IsZero() {
		said = append(said, clientSecret)
	}
	for _, c := range []credential{certificate, federated, managed} {
		if p.Own.Has(string(c)) {
			said = append(said, c)
		}
	}
	return said
}

// credentialOf gives the one credential that the profile says, none where it says none: the secret may lie in the
// keyring, or the client be a public one.
func credentialOf(p *profile.Profile) (credential, error) {
	said := credentials(p)
	switch {
	case len(said) > 1:
		return none, &profile.KeyError{Key: string(said[1]), Reason: "cannot stand beside " + string(said[0]), Hint: oneCredential}
	case len(said) == 0:
		return none, nil
	}
	switch chosen := said[0]; chosen {
	case certificate:
		return chosen, byAssertion(p, checkCertificate(p.Own.Map("certificate")))
	case federated:
		return chosen, byAssertion(p, nil)
	case managed:
		return chosen, checkManaged(p)
	default:
		return chosen, nil
	}
}

// byAssertion is for the credentials that become a client assertion (RFC 7523 section 2.2).
func byAssertion(p *profile.Profile, wrong error) error {
	if wrong != nil {
		return wrong
	}
	if p.ClientAuth == "" {
		p.ClientAuth = provider.PrivateKeyJWT
	}
	return nil
}

func checkCertificate(c profile.Values) error {
	if c.Text("file") == "" {
		return &profile.KeyError{Key: "certificate.file", Reason: "is required", Hint: "certificate: {file: ~/certs/app.pem}"}
	}
	return nil
}

func checkManaged(p *profile.Profile) error {
	refuse := func(reason, hint string) error {
		return &profile.KeyError{Key: "managed_identity", Reason: reason, Hint: hint}
	}
	switch {
	case !appOnly(p):
		return refuse("is a credential of grant client_credentials alone", "remove the line, or grant")
	case p.ClientID != "":
		return &profile.KeyError{
			Key: "client_id", Reason: "chooses no managed identity, and no client takes part",
			Hint: "managed_identity: {client_id: ...}, or remove the line",
		}
	case p.Own.Bool("cae"):
		return &profile.KeyError{Key: "cae", Reason: "cannot be announced to the platform's token service", Hint: "remove the line"}
	case p.Own.Text("managed_identity") == "system":
		return nil
	case len(p.Own.Map("managed_identity")) != 1:
		return refuse("must be system, or have exactly one member", "managed_identity: {client_id: ...}, {object_id: ...} or {resource_id: ...}")
	}
	for name, value := range p.Own.Map("managed_identity") {
		if text, _ := value.(string); strings.TrimSpace(text) == "" {
			return &profile.KeyError{Key: "managed_identity." + name, Reason: "has no value"}
		}
	}
	return nil
}
