package config

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/authctl/authctl/internal/profile"
)

// grantKey decodes a key of single grants, client authentications and extensions; it reports false for any other.
func (r *reader) grantKey(p *profile.Profile, key string, n *yaml.Node) (known bool, err error) {
	switch key {
	case "refresh_token":
		p.RefreshToken, err = decodeRef(key, n)
	case "login_hint_token":
		p.LoginHintToken, err = decodeRef(key, n)
	case "id_token_hint":
		p.IDTokenHint, err = decodeRef(key, n)
	case "login_hint":
		p.LoginHint, err = r.id(key, n)
	case "binding_message":
		p.BindingMessage, err = r.id(key, n)
	case "redirect_host":
		p.Redirect.Host, err = scalar(key, n)
	case "redirect_port":
		p.Redirect.Port, err = port(key, n)
	case "redirect_path":
		p.Redirect.Path, err = scalar(key, n)
	case "par":
		p.PAR, err = scalar(key, n)
	case "requested_token_type":
		p.RequestedTokenType, err = tokenType(key, n)
	default:
		return r.grantMapping(p, key, n)
	}
	return true, err
}

func (r *reader) grantMapping(p *profile.Profile, key string, n *yaml.Node) (known bool, err error) {
	switch key {
	case "authorization_params":
		p.AuthorizationParams, err = params(key, n)
	case "token_headers":
		p.TokenHeaders, err = params(key, n)
	case "assertion":
		p.Assertion, err = r.assertion(key, n, "jwt key passphrase alg key_id audience issuer subject claims ttl")
	case "client_assertion":
		p.ClientAssertion, err = r.assertion(key, n, "jwt key passphrase alg key_id audience ttl")
	case "subject_token":
		p.SubjectToken, err = tokenInput(key, n)
	case "actor_token":
		p.ActorToken, err = tokenInput(key, n)
	case "dpop":
		p.DPoP, err = dpop(key, n)
	case "authorization_details":
		p.AuthorizationDetails, err = details(key, n)
	default:
		return endpoint(&p.Endpoints, key, n)
	}
	return true, err
}

// endpoint decodes an address of the authorization server, which [profile.Profile.Validate] judges.
func endpoint(e *profile.Endpoints, key string, n *yaml.Node) (known bool, err error) {
	for _, k := range e.Keys() {
		if k.Name == key {
			*k.URL, err = scalar(key, n)
			return true, err
		}
	}
	return false, nil
}

func port(key string, n *yaml.Node) (int, error) {
	number, err := strconv.ParseUint(n.Value, 10, 16)
	if err != nil || n.Kind != yaml.ScalarNode || n.Style != 0 || strconv.FormatUint(number, 10) != n.Value {
		return 0, &profile.KeyError{Key: key, Reason: "must be a port from 1 to 65535, or 0 for any"}
	}
	return int(number), nil
}

// tokenType gives the URN of a token type.
func tokenType(key string, n *yaml.Node) (string, error) {
	text, err := scalar(key, n)
	if err != nil {
		return "", err
	}
	urn, ok := profile.TokenType(text)
	if !ok {
		return "", &profile.KeyError{
			Key: key, Reason: "is no type of a token (RFC 8693 section 3)",
			Hint: "one of: access_token, id_token, refresh_token, saml1, saml2, jwt, or a full URN",
		}
	}
	return urn, nil
}

// assertion decodes a map of RFC 7523; known are its members, with blanks between them.
func (r *reader) assertion(key string, n *yaml.Node, known string) (profile.Assertion, error) {
	var out profile.Assertion
	return out, mapping(key, n, strings.Fields(known), func(member string, value *yaml.Node) error {
		return r.assertionMember(&out, key+"."+member, value)
	})
}

func (r *reader) assertionMember(out *profile.Assertion, path string, n *yaml.Node) (err error) {
	switch path[strings.LastIndexByte(path, '.')+1:] {
	case "jwt":
		out.JWT, err = decodeRef(path, n)
	case "key":
		out.Key, err = decodeRef(path, n)
	case "passphrase":
		out.Passphrase, err = decodeRef(path, n)
	case "alg":
		out.Alg, err = scalar(path, n)
	case "key_id":
		out.KeyID, err = r.id(path, n)
	case "audience":
		out.Audience, err = r.id(path, n)
	case "issuer":
		out.Issuer, err = r.id(path, n)
	case "subject":
		out.Subject, err = r.id(path, n)
	case "claims":
		out.Claims, err = claims(path, n)
	case "ttl":
		out.TTL, err = duration(path, n)
	}
	return err
}

func tokenInput(key string, n *yaml.Node) (profile.TokenInput, error) {
	out := profile.TokenInput{}
	err := mapping(key, n, []string{"token", "profile", "type"}, func(member string, value *yaml.Node) (err error) {
		switch path := key + "." + member; member {
		case "token":
			out.Token, err = decodeRef(path, value)
		case "profile":
			out.Profile, err = scalar(path, value)
		case "type":
			out.Type, err = tokenType(path, value)
		}
		return err
	})
	if out.Type == "" && !out.IsZero() {
		out.Type, _ = profile.TokenType("access_token")
	}
	return out, err
}

// dpop is true, false, or the user's own key.
func dpop(key string, n *yaml.Node) (profile.DPoP, error) {
	var out profile.DPoP
	if n.Kind != yaml.MappingNode {
		on, err := boolean(key, n)
		if err != nil {
			return out, &profile.KeyError{Key: key, Reason: "must be true, false or a mapping", Hint: "dpop: {key: REF, alg: ES256}"}
		}
		return profile.DPoP{On: on}, nil
	}
	out.On = true
	err := mapping(key, n, []string{"key", "alg"}, func(member string, value *yaml.Node) (err error) {
		if member == "key" {
			out.Key, err = decodeRef(key+".key", value)
			return err
		}
		out.Alg, err = scalar(key+".alg", value)
		return err
	})
	return out, err
}
