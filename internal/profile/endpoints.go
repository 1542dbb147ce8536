package profile

// EndpointKey is a key of the file that says one address of an authorization server.
type EndpointKey struct {
	Name string
	URL  *string
}

// Keys lists the keys that say the addresses. What has no key, such as the user info endpoint, is found by discovery
// alone.
func (e *Endpoints) Keys() []EndpointKey {
	return []EndpointKey{
		{"authorization_url", &e.Authorization},
		{"device_authorization_url", &e.DeviceAuthorization},
		{"pushed_authorization_request_url", &e.PushedAuthorization},
		{"backchannel_authentication_url", &e.BackchannelAuthentication},
		{"revocation_url", &e.Revocation},
		{"introspection_url", &e.Introspection},
		{"jwks_uri", &e.JWKS},
	}
}

// checkEndpoints holds the addresses against the rules of a token endpoint's: they may have a query (RFC 6749 section
// 3.1).
func (p *Profile) checkEndpoints() *KeyError {
	for _, key := range p.Endpoints.Keys() {
		if e := optionalURL(key.Name, *key.URL, withQuery); e != nil {
			return e
		}
	}
	return nil
}
