package profile

import (
	"maps"
	"slices"

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
	var all []Said
	add := func(key string, ref secret.Ref) {
		if !ref.IsZero() {
			all = append(all, Said{key, ref})
		}
	}
	add("client_secret", p.ClientSecret)
	add("password", p.Password)
	for _, key := range slices.Sorted(maps.Keys(p.Own)) {
		add(key, p.Own.Secret(key))
	}
	for i, h := range p.Headers {
		add(nth("headers", i)+".value", h.Value)
	}
	return all
}

// RefersToKeyring reports whether the profile reads a keyring account by name.
func (p *Profile) RefersToKeyring(account string) bool {
	for _, said := range p.Refs() {
		if said.Ref.Scheme == secret.Keyring && said.Ref.Arg.Reveal() == account {
			return true
		}
	}
	return false
}
