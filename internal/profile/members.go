package profile

import (
	"slices"
	"strings"
	"unicode"

	"github.com/authctl/authctl/internal/secret"
)

// checkParams lets no parameter take the place of what the grant, or a key of its own, says.
func (p *Profile) checkParams() *KeyError { return checkRequestParams("params", p.Params) }

// checkAuthorizationParams is checkParams for the authorization request, which no parameter may turn into another one.
func (p *Profile) checkAuthorizationParams() *KeyError {
	const list = "authorization_params"
	if e := checkRequestParams(list, p.AuthorizationParams); e != nil {
		return e
	}
	for i, param := range p.AuthorizationParams {
		name := strings.ToLower(param.Name)
		key := nth(list, i) + ".name"
		switch {
		case p.Grant == "ciba" && slices.Contains([]string{"login_hint", "login_hint_token", "id_token_hint", "binding_message"}, name):
			return &KeyError{Key: key, Reason: name + " has a key of its own", Hint: "use " + name + ":"}
		// RFC 9101, OAuth 2.0 Multiple Response Type Encoding Practices, RFC 9449 section 10.
		case slices.Contains([]string{"request", "response_mode", "dpop_jkt", "client_notification_token"}, name):
			return &KeyError{Key: key, Reason: name + " is set by the grant"}
		}
	}
	return nil
}

func checkRequestParams(list string, params []Param) *KeyError {
	for i, param := range params {
		key := nth(list, i)
		switch {
		case param.Name == "":
			return &KeyError{Key: key + ".name", Reason: "is required"}
		case strings.ContainsFunc(param.Name, func(r rune) bool { return r <= ' ' || unicode.IsControl(r) }):
			return &KeyError{Key: key + ".name", Reason: "has a blank or a control character in it"}
		}
		if e := checkLine(key+".value", param.Value); e != nil {
			return e
		}
		name := strings.ToLower(param.Name)
		if own, ok := ownKey(name); ok {
			return &KeyError{Key: key + ".name", Reason: name + " has a key of its own", Hint: "use " + own}
		}
		if setByGrant(name) {
			return &KeyError{Key: key + ".name", Reason: name + " is set by the grant"}
		}
	}
	return nil
}

// ownKey gives the key of a profile that says a parameter.
func ownKey(param string) (string, bool) {
	switch param {
	case "client_id", "client_secret", "username", "password", "audience", "authorization_details", "requested_token_type":
		return param + ":", true
	case "scope":
		return "scopes:", true
	case "resource":
		return "resources:", true
	case "grant_type":
		return "grant:", true
	}
	return "", false
}

// setByGrant names the parameters of RFC 6749, 7521, 7636, 8628, 8693, 9126 and 9396 that a grant decides.
func setByGrant(param string) bool {
	const names = " client_assertion client_assertion_type code code_verifier code_challenge code_challenge_method redirect_uri " +
		"refresh_token device_code assertion subject_token subject_token_type actor_token actor_token_type " +
		"auth_req_id request_uri response_type state nonce "
	return strings.Contains(names, " "+param+" ")
}

func (p *Profile) checkHeaders() *KeyError {
	for i, h := range p.Headers {
		key := nth("headers", i)
		switch {
		case h.Name == "":
			return &KeyError{Key: key + ".name", Reason: "is required"}
		case !validToken(h.Name):
			return &KeyError{Key: key + ".name", Reason: "is not the name of a header (RFC 9110 section 5.1)"}
		case reservedHeader(h.Name):
			return &KeyError{Key: key + ".name", Reason: strings.ToLower(h.Name) + " is set by authctl alone"}
		case h.Value.IsZero():
			return &KeyError{Key: key + ".value", Reason: "is required"}
		case h.Value.Scheme == secret.Literal && !validFieldValue(h.Value.Arg.Reveal()):
			return &KeyError{Key: key + ".value", Reason: "is not the value of a header (RFC 9110 section 5.5)"}
		}
	}
	return nil
}

// reservedHeader knows the headers that carry the token, frame the message or belong to one hop.
func reservedHeader(name string) bool {
	name = strings.ToLower(name)
	const names = " authorization host content-length transfer-encoding connection keep-alive te trailer upgrade cookie2 dpop "
	return strings.Contains(names, " "+name+" ") || strings.HasPrefix(name, "proxy-")
}

// checkTokenHeaders lets no header of a token request take the place of what the request itself says.
func (p *Profile) checkTokenHeaders() *KeyError {
	for i, h := range p.TokenHeaders {
		key := nth("token_headers", i)
		name := strings.ToLower(h.Name)
		switch {
		case h.Name == "":
			return &KeyError{Key: key + ".name", Reason: "is required"}
		case !validToken(h.Name):
			return &KeyError{Key: key + ".name", Reason: "is not the name of a header (RFC 9110 section 5.1)"}
		case reservedHeader(name) || strings.HasPrefix(name, "content-") || name == "accept" || name == "accept-encoding":
			return &KeyError{Key: key + ".name", Reason: name + " is set by authctl alone"}
		case !validFieldValue(h.Value):
			return &KeyError{Key: key + ".value", Reason: "is not the value of a header (RFC 9110 section 5.5)"}
		}
	}
	return nil
}

// validToken holds a name against token of RFC 9110 section 5.6.2.
func validToken(s string) bool {
	for i := range len(s) {
		if !alphanumeric(s[i]) && strings.IndexByte("!#$%&'*+-.^_`|~", s[i]) < 0 {
			return false
		}
	}
	return s != ""
}

// validFieldValue holds a value against RFC 9110 section 5.5: no control character but TAB, no blank around it.
func validFieldValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return s != "" && s == strings.Trim(s, " \t")
}
