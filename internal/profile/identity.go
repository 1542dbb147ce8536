package profile

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
)

// Identity is everything that decides which token a profile gets, and nothing else: not the profile's name, not the
// secret (a record is bound to that by a MAC), not how the server is reached. Two profiles of one identity share one
// token; a change of any field is another identity.
type Identity struct {
	Provider      string
	TokenEndpoint string // canonical: lower-case scheme and host, no default port
	Grant         string
	ClientAuth    string
	ClientID      string
	Subject       string // the resource owner's name
	Realm         string // as configured; what discovery made of it binds the record, not the identity
	Scopes        []string
	Audience      []string
	Resources     []string
	Params        []Param
	Certificate   string  // the client certificate's file, where the token may be bound to it
	Further       []Param // what single grants and extensions add, by the names of their keys
}

const identitySchema = "authctl identity 1"

// Key is the SHA-256 of a length-prefixed encoding, 64 hex digits. Scopes and params count as sets, the rest as
// written. It is stable across versions of the program: golden tests hold it.
func (id Identity) Key() string {
	h := sha256.New()
	field := func(values ...string) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(values)))
		h.Write(n[:])
		for _, v := range values {
			binary.BigEndian.PutUint64(n[:], uint64(len(v)))
			h.Write(n[:])
			h.Write([]byte(v))
		}
	}
	field(identitySchema)
	field(id.Provider, id.TokenEndpoint, id.Grant, id.ClientAuth, id.ClientID, id.Subject, id.Realm, id.Certificate)
	field(sortedSet(id.Scopes)...)
	field(id.Audience...)
	field(id.Resources...)
	params := make([]string, 0, 2*len(id.Params))
	for _, p := range sortedParams(id.Params) {
		params = append(params, p.Name, p.Value)
	}
	field(params...)
	for _, p := range sortedParams(id.Further) { // nothing where there is nothing: keys of old records stay
		field("further", p.Name, p.Value)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func sortedSet(in []string) []string {
	out := slices.Clone(in)
	slices.Sort(out)
	return slices.Compact(out)
}

func sortedParams(in []Param) []Param {
	out := slices.Clone(in)
	slices.SortStableFunc(out, func(a, b Param) int {
		switch {
		case a.Name < b.Name:
			return -1
		case a.Name > b.Name:
			return 1
		}
		return 0
	})
	return out
}
