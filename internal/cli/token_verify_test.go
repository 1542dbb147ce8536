package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestATokenThatIsVerifiedIsByItsIssuerAndOfItsTime(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	g := &globals{app: &App{Clock: func() time.Time { return now }}}
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	for name, c := range map[string]struct{ claims, why string }{
		"right":                         {fmt.Sprintf(`{"iss":"https://idp","exp":%d,"nbf":%d,"iat":%d}`, at(time.Hour), at(0), at(0)), ""},
		"without times":                 {`{"iss":"https://idp"}`, ""},
		"expired within the skew":       {fmt.Sprintf(`{"iss":"https://idp","exp":%d}`, at(-59*time.Second)), ""},
		"with a fraction":               {fmt.Sprintf(`{"iss":"https://idp","exp":%d.5}`, at(time.Hour)), ""},
		"expired":                       {fmt.Sprintf(`{"iss":"https://idp","exp":%d}`, at(-time.Minute)), "expired at 2026-05-01T11:59:00Z"},
		"not yet valid":                 {fmt.Sprintf(`{"iss":"https://idp","nbf":%d}`, at(61*time.Second)), "not valid before"},
		"issued in the future":          {fmt.Sprintf(`{"iss":"https://idp","iat":%d}`, at(2*time.Minute)), "in the future"},
		"another issuer":                {`{"iss":"https://idp/"}`, "by the issuer"},
		"no issuer":                     {`{"sub":"x"}`, "by the issuer"},
		"an issuer in another case":     {`{"ISS":"https://idp"}`, "by the issuer"},
		"an issuer that is no text":     {`{"iss":["https://idp"]}`, "by the issuer"},
		"a time that is a text":         {`{"iss":"https://idp","exp":"tomorrow"}`, "exp is no time"},
		"a time before all others":      {`{"iss":"https://idp","exp":-1}`, "exp is no time"},
		"a time after all others":       {`{"iss":"https://idp","exp":1e300}`, "exp is no time"},
		"a time that is nothing at all": {`{"iss":"https://idp","exp":null}`, "exp is no time"},
	} {
		t.Run(name, func(t *testing.T) {
			err := g.judgeClaims(members([]byte(c.claims)), "https://idp")
			if c.why == "" && err != nil || c.why != "" && (err == nil || !strings.Contains(err.Error(), c.why)) {
				t.Errorf("%v, want %q", err, c.why)
			}
		})
	}
}

func TestAnIssuerThatNobodyNamedIsNotCompared(t *testing.T) {
	g := &globals{app: &App{Clock: time.Now}}
	if err := g.judgeClaims(members([]byte(`{"iss":"anybody"}`)), ""); err != nil {
		t.Error(err)
	}
}

func TestClaimsCountUnderTheirExactNamesOnly(t *testing.T) {
	found := members([]byte(`{"Sub":"mallory","sub":"alice","name":7}`))
	if got := textOf(found, "sub"); got != "alice" {
		t.Errorf("sub is %q", got)
	}
	if got := textOf(found, "name"); got != "" {
		t.Errorf("a number is read as the text %q", got)
	}
	if members([]byte(`["sub"]`)) != nil || members(json.RawMessage(`x`)) != nil {
		t.Error("what is no object has members")
	}
}
