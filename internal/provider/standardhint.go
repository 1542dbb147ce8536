package provider

import (
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
)

// StandardHint says what to look at where a server refuses with an error code of RFC 6749 or its family.
func StandardHint(e *fault.Error, p *profile.Profile) {
	if e.Kind != fault.Auth {
		return
	}
	switch e.OAuthError {
	case "invalid_client":
		e.Hint("%s", hintClient(p))
	case "invalid_grant":
		hintGrant(e, p)
	case "access_denied", "authorization_declined", "expired_token", "transaction_failed":
		if Interactive(p.Grant) { // a person said no, or nothing in time
			e.Hint("authctl login -p %s", p.Name)
		}
	case "unknown_user_id", "expired_login_hint_token":
		e.Hint("check login_hint, login_hint_token or id_token_hint: who is to be asked")
	case "unauthorized_client", "unsupported_grant_type":
		e.Hint("the server does not let this client use grant %s", p.Grant)
	case "invalid_scope", "invalid_target":
		e.Hint("check scopes, audience and resources")
	case "invalid_authorization_details":
		e.Hint("check authorization_details")
	case "invalid_dpop_proof":
		e.Hint("check dpop.alg and this machine's clock")
	default:
		hintStatus(e, p)
	}
}

// hintStatus is for a refusal whose status is all that it says (RFC 9110 section 15.5).
func hintStatus(e *fault.Error, p *profile.Profile) {
	switch {
	case e.Status == 404 || e.Status == 405:
		e.Hint("check %s", addressKey(p))
	case e.Status == 401 && e.OAuthError == "":
		e.Hint("%s", hintClient(p))
	}
}

// addressKey is the key that says where the server is.
func addressKey(p *profile.Profile) string {
	if p.TokenURL == "" {
		return "issuer"
	}
	return "token_url"
}

func hintClient(p *profile.Profile) string {
	switch p.ClientAuth {
	case SecretBasic:
		return "check client_id and client_secret; some servers want client_auth: client_secret_post, or the other basic_encoding"
	case PrivateKeyJWT, SecretJWT:
		return "check client_id, client_assertion (the key that the server knows, alg, key_id, audience) and this machine's clock"
	case TLSClientAuth, SelfSignedTLSClientAuth:
		return "check client_id, and whether the server knows the certificate of tls.cert_file"
	case NoAuth:
		return "check client_id, and whether the server lets this client go without a client_auth"
	}
	return "check client_id and client_secret, and whether the server wants another client_auth"
}

func hintGrant(e *fault.Error, p *profile.Profile) {
	switch {
	case p.Grant == Password:
		e.Hint("check username and password")
	case p.Grant == JWTBearer:
		e.Hint("check assertion: issuer, subject, audience, the key that the server knows, and this machine's clock")
	case p.Grant == TokenExchange:
		e.Hint("check subject_token and actor_token: their type, and whether they are still valid")
	case p.Grant == RefreshToken && !p.RefreshToken.IsZero():
		e.Hint("the refresh token is spent or revoked: give the profile a new one")
	case p.Grant == RefreshToken, Interactive(p.Grant):
		e.Hint("authctl login -p %s", p.Name)
	}
}
