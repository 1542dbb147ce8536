package entra

import (
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
)

// capabilities announces a client that can answer claims challenges: only such a client gets them, and only such a
// client's tokens outlive an hour.
const capabilities = `{"access_token":{"xms_cc":{"values":["cp1"]}}}`

// source makes the source of a completed profile.
func (e environment) source(p *profile.Profile, ports provider.Ports) (*provider.Source, error) {
	e.tell(p, ports.Note)
	chosen, err := credentialOf(p)
	if err != nil {
		return nil, err
	}
	if chosen == managed {
		return e.machine(p, ports), nil
	}
	config := provider.Config(p, ports)
	config.Header, config.Where = requestID, "tenant, cloud and authority"
	if p.Own.Bool("cae") {
		config.Claims = capabilities
	}
	var more provider.Bound
	switch chosen {
	case certificate:
		c := &signer{profile: p, ports: ports}
		config.Auth, more = grant.ByAssertion(p.ClientID, c.assertion), c.bound
	case federated:
		config.Auth = grant.ByAssertion(p.ClientID, federatedToken(p.Own.Text("federated_token_file"), ports))
	case none, clientSecret, managed:
	}
	s := provider.NewSource(p, ports, config)
	if g, ok := s.Grant.(*grant.AuthorizationCode); ok && config.Claims != "" {
		g.AuthorizationParams = append(g.AuthorizationParams, grant.Plain("claims", config.Claims))
	}
	s.Identity.Further = append(s.Identity.Further, further(p, chosen)...)
	if more != nil {
		s.Bound = s.Bound.And(more)
	}
	s.Grant = provider.WithHints(s.Grant, func(err *fault.Error) { hint(err, p) })
	return s, nil
}

// further is what the provider's own keys add to an identity. A client secret adds nothing, so that tokens of profiles
// that knew no other credential stay where they are.
func further(p *profile.Profile, chosen credential) []profile.Param {
	var list []profile.Param
	if p.Own.Bool("cae") {
		list = append(list, profile.Param{Name: "cae", Value: "true"})
	}
	switch chosen {
	case certificate:
		list = append(list, profile.Param{Name: "certificate", Value: p.Own.Map("certificate").Text("file")})
	case federated:
		list = append(list, profile.Param{Name: "federated_token_file", Value: p.Own.Text("federated_token_file")})
	case none, clientSecret, managed:
	}
	return list
}
