package profile_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/authctl/authctl/internal/profile"
)

func identity() profile.Identity {
	return profile.Identity{
		Provider: "entra", TokenEndpoint: "https://login.example.com/t", Grant: "client_credentials", ClientAuth: "client_secret_post",
		ClientID: "c", Subject: "u", Realm: "r", Scopes: []string{"a", "b"}, Audience: []string{"x", "y"}, Resources: []string{"urn:x"},
		Params: []profile.Param{{Name: "p", Value: "1"}, {Name: "q", Value: "2"}}, Certificate: "/c.pem",
	}
}

// Stores hold tokens under these keys: a change would forget them all.
func TestAKeyIsStableAcrossVersions(t *testing.T) {
	for want, id := range map[string]profile.Identity{
		"e3305ad25dad1cc6fcd5d41864b2a08ba389f0ae45b7d8186f6719591ebcb581": {},
		"8c1a842d2684c0fc7ac7e881529df91cacf35a43a06a95886d65f611f79ae101": identity(),
	} {
		if got := id.Key(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestEveryFieldMakesAnotherIdentity(t *testing.T) {
	seen := map[string]string{identity().Key(): "none"}
	for i := range reflect.TypeFor[profile.Identity]().NumField() {
		id := identity()
		name := reflect.TypeFor[profile.Identity]().Field(i).Name
		switch f := reflect.ValueOf(&id).Elem().Field(i); f.Interface().(type) {
		case string:
			f.SetString(f.String() + "x")
		case []string:
			f.Set(reflect.ValueOf(append(slices.Clone(f.Interface().([]string)), "z")))
		case []profile.Param:
			f.Set(reflect.ValueOf(append(slices.Clone(f.Interface().([]profile.Param)), profile.Param{Name: "z"})))
		default:
			id.Params = append(slices.Clone(id.Params), profile.Param{Name: "z"})
		}
		if other, same := seen[id.Key()]; same {
			t.Errorf("%s and %s make the same key", name, other)
		}
		seen[id.Key()] = name
	}
}

func TestScopesAndParamsAreSetsAndBoundariesCount(t *testing.T) {
	id := identity()
	id.Scopes, id.Params = []string{"b", "a", "b"}, []profile.Param{id.Params[1], id.Params[0]}
	if id.Key() != identity().Key() {
		t.Error("order counts")
	}
	a, b := profile.Identity{ClientID: "ab", Subject: "c"}, profile.Identity{ClientID: "a", Subject: "bc"}
	if a.Key() == b.Key() {
		t.Error("fields run into one another")
	}
	a, b = profile.Identity{Audience: []string{"x", "y"}}, profile.Identity{Audience: []string{"y", "x"}}
	if a.Key() == b.Key() {
		t.Error("the order of audiences, which the server sees, does not count")
	}
}
