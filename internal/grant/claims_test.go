package grant_test

import (
	"encoding/json"
	"testing"

	"github.com/authctl/authctl/internal/grant"
)

func TestClaimsAreMergedMemberByMember(t *testing.T) {
	for _, c := range [][3]string{
		{"", "", ""},
		{`{"a":1}`, "", `{"a":1}`},
		{"", `{"b":2}`, `{"b":2}`},
		{`{"a":1}`, `{"b":2}`, `{"a":1,"b":2}`},
		{`{"x":{"a":1}}`, `{"x":{"b":{"essential":true}}}`, `{"x":{"a":1,"b":{"essential":true}}}`},
		{`{"x":{"a":1}}`, `{"x":{"a":{"b":2}}}`, `{"x":{"a":1}}`},
		{`{"x":{"a":1}}`, `{"x":null}`, `{"x":{"a":1}}`},
		{`{"a":1}`, `no JSON`, `{"a":1}`},
		{`{"a":1}`, `{"b":1,"b":2}`, `{"a":1}`}, // said twice: nobody knows which is meant
	} {
		if got := grant.MergeClaims(c[0], c[1]); got != c[2] {
			t.Errorf("%s and %s: %s, want %s", c[0], c[1], got, c[2])
		}
	}
}

func FuzzMergeClaims(f *testing.F) {
	const own = `{"access_token":{"xms_cc":{"values":["cp1"]}}}`
	for _, seed := range []string{`{"access_token":{"nbf":{"value":"1"}}}`, `{"access_token":[]}`, `{"\u0061":1e400}`, `[]`, `{"a":{"a":{"a":{}}}}`, "{"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, challenged string) {
		var merged map[string]map[string]map[string][]string
		got := grant.MergeClaims(own, challenged)
		if !json.Valid([]byte(got)) {
			t.Fatalf("%q is not JSON", got)
		}
		_ = json.Unmarshal([]byte(got), &merged) // what the challenge adds may have any shape
		if cc := merged["access_token"]["xms_cc"]["values"]; len(cc) != 1 || cc[0] != "cp1" {
			t.Errorf("%q has lost what the client can do", got)
		}
		if again := grant.MergeClaims(own, challenged); again != got {
			t.Errorf("%q, then %q", got, again)
		}
	})
}
