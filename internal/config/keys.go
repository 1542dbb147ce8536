package config

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/authctl/authctl/internal/profile"
)

// commonKeys are the keys of every provider, in the order of the documentation.
func commonKeys() []string {
	return strings.Fields("name provider base_url allowed_origins grant client_id client_secret client_auth basic_encoding " +
		"username password scopes audience resources params headers tls proxy default_ttl expiry_skew timeout reauth_statuses token_url " +
		"authorization_url device_authorization_url pushed_authorization_request_url backchannel_authentication_url " +
		"revocation_url introspection_url jwks_uri refresh_token redirect_host redirect_port redirect_path authorization_params par " +
		"assertion client_assertion subject_token actor_token requested_token_type login_hint login_hint_token id_token_hint " +
		"binding_message token_headers dpop authorization_details")
}

// common decodes a key that every provider has; it reports false for any other.
func (r *reader) common(p *profile.Profile, key string, n *yaml.Node) (known bool, err error) {
	switch key {
	case "name":
		p.Name, err = scalar(key, n)
	case "provider":
		p.Provider, err = scalar(key, n)
	case "base_url":
		p.BaseURL, err = scalar(key, n)
	case "token_url":
		p.TokenURL, err = scalar(key, n)
	case "grant":
		p.Grant, err = scalar(key, n)
	case "client_auth":
		p.ClientAuth, err = scalar(key, n)
	case "basic_encoding":
		p.BasicEncoding, err = scalar(key, n)
	case "proxy":
		p.Proxy, err = scalar(key, n)
	case "client_id":
		p.ClientID, err = r.id(key, n)
	case "username":
		p.Username, err = r.id(key, n)
	case "client_secret":
		p.ClientSecret, err = decodeRef(key, n)
	case "password":
		p.Password, err = decodeRef(key, n)
	default:
		return r.structured(p, key, n)
	}
	return true, err
}

func (r *reader) structured(p *profile.Profile, key string, n *yaml.Node) (known bool, err error) {
	switch key {
	case "allowed_origins":
		p.AllowedOrigins, err = list(key, n)
	case "scopes":
		p.Scopes, err = scopes(key, n)
	case "audience":
		p.Audience, err = list(key, n)
	case "resources":
		p.Resources, err = list(key, n)
	case "params":
		p.Params, err = params(key, n)
	case "headers":
		p.Headers, err = headers(key, n)
	case "tls":
		p.TLS, err = r.tls(key, n)
	case "default_ttl":
		p.DefaultTTL, err = duration(key, n)
	case "expiry_skew":
		p.ExpirySkew, err = duration(key, n)
	case "timeout":
		p.Timeout, err = duration(key, n)
	case "reauth_statuses":
		p.ReauthStatuses, err = statuses(key, n)
	default:
		return r.grantKey(p, key, n)
	}
	return true, err
}

// unknownKey says which key was most likely meant; prefix is the path of the mapping that it stands in.
func unknownKey(prefix string, key *yaml.Node, known []string) error {
	p := &problem{line: key.Line, key: showable(key.Value), reason: "unknown key"}
	if p.key == key.Value {
		p.key = prefix + key.Value
	}
	if near := Nearest(key.Value, known); near != "" {
		p.hint = "did you mean " + near + "?"
	} else {
		p.hint = "keys: " + strings.Join(known, ", ")
	}
	return p
}

func nth(key string, i int) string { return key + "[" + strconv.Itoa(i) + "]" }
