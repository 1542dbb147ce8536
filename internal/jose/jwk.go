package jose

import (
	"crypto"
	"crypto/ecdsa"
	"errors"
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json" // refuses a member that comes twice, and knows names by their case

	"github.com/authctl/authctl/internal/secret"
)

// document is a JSON object that may be a JWK or a service account file.
type document map[string]json.RawMessage

// text is a member that is a string; what is absent or of another type is empty.
func (d document) text(name string) string {
	var value string
	if json.Unmarshal(d[name], &value) != nil {
		return ""
	}
	return value
}

func (d document) has(names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return d.text(name) == "" })
}

func parseJSON(text string, o KeyOptions) (*Key, *ServiceAccount, error) {
	var d document
	if json.Unmarshal([]byte(text), &d) != nil {
		return nil, nil, refuse("the key begins like JSON, but is none that can be read; no member may come twice")
	}
	if !o.Passphrase.IsZero() {
		return nil, nil, refuse("a passphrase is given, but the key is JSON, which is not encrypted")
	}
	switch {
	case d.has("kty"):
		key, err := d.key(text, o)
		return key, nil, err
	case d["keys"] != nil:
		return nil, nil, refuse("the key is a set of JWKs; give one of them")
	case d.has("client_email", "private_key"): // Google
		return accountKey(d.text("private_key"), o, ServiceAccount{Issuer: d.text("client_email"), KeyID: d.text("private_key_id")})
	case d.has("userId", "key"): // ZITADEL
		user := d.text("userId")
		return accountKey(d.text("key"), o, ServiceAccount{Issuer: user, Subject: user, KeyID: d.text("keyId")})
	}
	return nil, nil, refuse("the key is JSON, but neither a JWK nor a service account file of Google or ZITADEL")
}

func accountKey(text string, o KeyOptions, account ServiceAccount) (*Key, *ServiceAccount, error) {
	if o.KeyID == "" {
		o.KeyID = account.KeyID
	}
	signer, err := parsePEM(text, secret.String{})
	if err != nil {
		return nil, nil, err
	}
	key, err := newKey(signer, o)
	if err != nil {
		return nil, nil, err
	}
	return key, &account, nil
}

// key reads the document as a private JWK.
func (d document) key(text string, o KeyOptions) (*Key, error) {
	var jwk jose.JSONWebKey
	switch err := jwk.UnmarshalJSON([]byte(text)); {
	case d.text("kty") == "oct":
		return nil, refuse("the JWK is a shared secret, not a private key")
	case d["d"] == nil:
		return nil, refuse("the JWK has no member d: it is the public half of a key")
	case errors.Is(err, jose.ErrUnsupportedKeyType):
		return nil, refuse("the JWK is of a kind that signs nothing here")
	case err != nil:
		return nil, refuse("the JWK's members are not those of one whole private key (RFC 7518 section 6)")
	case d["use"] != nil && d.text("use") != "sig":
		return nil, refuse("the JWK is not for signatures: its use is another (RFC 7517 section 4.2)")
	case !d.may("sign"):
		return nil, refuse("the JWK is not for signatures: its key_ops do not have sign (RFC 7517 section 4.3)")
	case !whole(jwk.Key):
		return nil, refuse("the JWK's public and private members do not belong together")
	}
	if o.Alg == "" {
		o.Alg = jwk.Algorithm
	}
	if o.KeyID == "" {
		o.KeyID = jwk.KeyID
	}
	return newKey(jwk.Key, o)
}

// may reports whether the key's operations have one, where they are said (RFC 7517 section 4.3).
func (d document) may(operation string) bool {
	if d["key_ops"] == nil {
		return true
	}
	var ops []string
	return json.Unmarshal(d["key_ops"], &ops) == nil && slices.Contains(ops, operation)
}

// whole reports whether d makes the public point of an elliptic curve key, which the library leaves to the caller.
func whole(key any) bool {
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		_, ok = key.(crypto.Signer)
		return ok
	}
	d, err := ec.Bytes()
	if err != nil {
		return false
	}
	made, err := ecdsa.ParseRawPrivateKey(ec.Curve, d)
	return err == nil && made.PublicKey.Equal(&ec.PublicKey)
}
