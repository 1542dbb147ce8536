package profile

import (
	"maps"
	"slices"
	"strings"

	"github.com/authctl/authctl/internal/secret"
)

// Account is the keyring account of a profile's own secret: where a secret that the file does not mention is looked
// for, and what `authctl secret set -p NAME KEY` writes. No name holds a slash.
func Account(name, key string) string { return name + "/" + key }

// Said is a secret reference and the key that says it.
type Said struct {
	Key string
	Ref secret.Ref
}

// Refs gives the secret references that the user said, headers' plain values among them.
func (p *Profile) Refs() []Said {
	all := p.tokenRefs()
	for i, h := range p.Headers {
		if !h.Value.IsZero() {
			all = append(all, Said{nth("headers", i) + ".value", h.Value})
		}
	}
	return all
}

// tokenRefs are those that tokens are got with.
func (p *Profile) tokenRefs() []Said {
	var all []Said
	add := func(key string, ref secret.Ref) {
		if !ref.IsZero() {
			all = append(all, Said{key, ref})
		}
	}
	add("client_secret", p.ClientSecret)
	add("password", p.Password)
	p.secrets(add)
	p.Own.secrets("", add)
	return all
}

// secrets calls add with each reference, under the path of its key.
func (k *GrantKeys) secrets(add func(key string, ref secret.Ref)) {
	add("refresh_token", k.RefreshToken)
	add("login_hint_token", k.LoginHintToken)
	add("id_token_hint", k.IDTokenHint)
	add("assertion.jwt", k.Assertion.JWT)
	add("assertion.key", k.Assertion.Key)
	add("assertion.passphrase", k.Assertion.Passphrase)
	add("client_assertion.jwt", k.ClientAssertion.JWT)
	add("client_assertion.key", k.ClientAssertion.Key)
	add("client_assertion.passphrase", k.ClientAssertion.Passphrase)
	add("subject_token.token", k.SubjectToken.Token)
	add("actor_token.token", k.ActorToken.Token)
	add("dpop.key", k.DPoP.Key)
}

// SecretKeys lists the keys that every provider has and whose value is a secret reference: those of the top level, and
// the paths of those in mappings.
func SecretKeys() (top, nested []string) {
	top = []string{"client_secret", "password"}
	(&GrantKeys{}).secrets(func(key string, _ secret.Ref) {
		if strings.Contains(key, ".") {
			nested = append(nested, key)
		} else {
			top = append(top, key)
		}
	})
	return top, nested
}

// HoldsDocument reports whether the secret of a key may have several lines: a private key in PEM or JSON.
func HoldsDocument(key string) bool { return strings.HasSuffix(key, ".key") }

// secrets calls add with each Secret value, however deep, under the path of its key.
func (v Values) secrets(prefix string, add func(key string, ref secret.Ref)) {
	for _, key := range slices.Sorted(maps.Keys(v)) {
		add(prefix+key, v.Secret(key))
		v.Map(key).secrets(prefix+key+".", add)
	}
}

// KeysOf are the keys whose secret the profile gets its tokens with and reads from a keyring account: those that name
// it, and the one whose own account it is, where the file does not say where that lies.
func (p *Profile) KeysOf(account string) []string {
	var keys []string
	own, isOwn := strings.CutPrefix(account, Account(p.Name, ""))
	for _, said := range p.tokenRefs() {
		if said.Ref.Scheme == secret.Keyring && said.Ref.Arg.Reveal() == account {
			keys = append(keys, said.Key)
		}
		isOwn = isOwn && said.Key != own
	}
	if isOwn {
		keys = append(keys, own)
	}
	return keys
}

// SaysWho reports whether the secret of a key says for whom the profile's tokens are. Any other says which client asks,
// and a refresh token serves on when it changes.
func (p *Profile) SaysWho(key string) bool {
	top, _, _ := strings.Cut(key, ".")
	switch p.Grant {
	case "refresh_token":
		return key == "refresh_token"
	case "authorization_code", "device_code":
		return false // the person said it
	}
	return !slices.Contains([]string{"client_secret", "client_assertion", "certificate", "dpop"}, top)
}
