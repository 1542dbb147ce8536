package jose_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/jose"
)

const now = 1_700_000_000

func expected() jose.Expected {
	return jose.Expected{
		Issuer: "https://issuer.example", ClientID: "me", Nonce: "n-1", Now: time.Unix(now, 0), Skew: time.Minute,
	}
}

func TestAnIDTokenThatSaysWhatItMustIsTaken(t *testing.T) {
	for name, claims := range map[string]string{
		"plain":               `{"iss":"https://issuer.example","aud":"me","exp":1700000100,"iat":1700000000,"nonce":"n-1","sub":"x"}`,
		"a list of one":       `{"iss":"https://issuer.example","aud":["me"],"exp":1700000100,"nonce":"n-1"}`,
		"more with azp":       `{"iss":"https://issuer.example","aud":["you","me"],"azp":"me","exp":1700000100,"nonce":"n-1"}`,
		"the same one twice":  `{"iss":"https://issuer.example","aud":["me","me"],"exp":1700000100,"nonce":"n-1"}`,
		"just expired":        `{"iss":"https://issuer.example","aud":"me","exp":1699999941,"nonce":"n-1"}`,
		"from just ahead":     `{"iss":"https://issuer.example","aud":"me","exp":1700000100,"iat":1700000060,"nbf":1700000060,"nonce":"n-1"}`,
		"parts of seconds":    `{"iss":"https://issuer.example","aud":"me","exp":1700000100.5,"iat":1.7e9,"nonce":"n-1"}`,
		"further claims":      `{"iss":"https://issuer.example","aud":"me","exp":1700000100,"nonce":"n-1","a":{"b":[1]}}`,
		"the end of all days": `{"iss":"https://issuer.example","aud":"me","exp":1e300,"nonce":"n-1"}`,
	} {
		if err := jose.CheckIDToken([]byte(claims), expected()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	e := expected()
	e.Nonce = ""
	if err := jose.CheckIDToken([]byte(`{"iss":"https://issuer.example","aud":"me","exp":1700000100}`), e); err != nil {
		t.Error("a flow without a nonce:", err)
	}
}

func TestAnIDTokenThatSaysAnythingElseIsRefused(t *testing.T) {
	good := map[string]any{"iss": "https://issuer.example", "aud": "me", "exp": now + 100, "iat": now, "nonce": "n-1"}
	for name, c := range map[string]struct {
		member string
		value  any
		want   string
	}{
		"another issuer":        {"iss", "https://issuer.example/", "iss"},
		"an issuer's case":      {"iss", "https://Issuer.example", "iss"},
		"no issuer":             {"iss", nil, "iss"},
		"an issuer list":        {"iss", []string{"https://issuer.example"}, "right types"},
		"another audience":      {"aud", "you", "aud"},
		"no audience":           {"aud", nil, "aud"},
		"an empty audience":     {"aud", []string{}, "aud"},
		"part of the audience":  {"aud", "me2", "aud"},
		"audiences without azp": {"aud", []string{"me", "you"}, "azp"},
		"a number as audience":  {"aud", 1, "right types"},
		"mixed audiences":       {"aud", []any{"me", 1}, "right types"},
		"another party":         {"azp", "you", "azp"},
		"an empty party":        {"azp", "", "azp"},
		"another nonce":         {"nonce", "n-2", "nonce"},
		"no nonce":              {"nonce", nil, "nonce"},
		"a number as nonce":     {"nonce", 1, "right types"},
		"expired":               {"exp", now - 60, "expired"},
		"long expired":          {"exp", -1e300, "expired"},
		"no expiry":             {"exp", nil, "no exp"},
		"expiry as text":        {"exp", "1700000100", "right types"},
		"issued tomorrow":       {"iat", now + 61, "future"},
		"valid from tomorrow":   {"nbf", now + 61, "future"},
	} {
		t.Run(name, func(t *testing.T) {
			claims := map[string]any{}
			for member, value := range good {
				claims[member] = value
			}
			claims[c.member] = c.value
			err := jose.CheckIDToken(must[[]byte](t)(json.Marshal(claims)), expected())
			if f := fault.From(err); f.Kind != fault.Protocol || f.Code != "protocol.id_token" || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestClaimsThatAreAmbiguousAreRefused(t *testing.T) {
	good := `{"iss":"https://issuer.example","aud":"me","exp":1700000100,"nonce":"n-1"}`
	for _, claims := range []string{
		"", "null", "[]", "7", `"x"`, good[:40], good + good, good + "x",
		strings.Replace(good, "{", `{"iss":"https://issuer.example",`, 1),
		strings.Replace(good, "{", `{"a":1,"a":2,`, 1),
		strings.Replace(good, `"iss"`, `"Iss"`, 1),
		strings.Replace(good, "1700000100", "1e999", 1),
	} {
		if err := jose.CheckClaims([]byte(claims)); !fault.Is(err, fault.Protocol) && !strings.Contains(claims, "Iss") && !strings.Contains(claims, "1e999") {
			t.Errorf("%s as any claims: %v", claims, err)
		}
		if err := jose.CheckIDToken([]byte(claims), expected()); !fault.Is(err, fault.Protocol) {
			t.Errorf("%s: %v", claims, err)
		}
	}
	if err := jose.CheckClaims([]byte(good)); err != nil {
		t.Errorf("good claims: %v", err)
	}
}

func TestAnExpectationThatNamesNobodyIsMetByNobody(t *testing.T) {
	claims := []byte(`{"iss":"","aud":"","exp":1700000100}`)
	if err := jose.CheckIDToken(claims, jose.Expected{Now: time.Unix(now, 0)}); !fault.Is(err, fault.Protocol) {
		t.Error(err)
	}
}

func FuzzCheckIDToken(f *testing.F) {
	f.Add(`{"iss":"https://issuer.example","aud":["you","me"],"azp":"me","exp":1700000100.5,"iat":1,"nbf":1,"nonce":"n-1"}`)
	f.Add(`{"iss":"https://issuer.example","aud":"me","exp":1e300}`)
	f.Add(`{"iss":1,"iss":2}`)
	f.Fuzz(func(t *testing.T, claims string) {
		err := jose.CheckIDToken([]byte(claims), expected())
		if err != nil {
			if !fault.Is(err, fault.Protocol) {
				t.Fatal(err)
			}
			return
		}
		var c struct{ Iss, Nonce string }
		if json.Unmarshal([]byte(claims), &c) != nil || c.Iss != expected().Issuer || c.Nonce != "n-1" {
			t.Fatal("taken:", fmt.Sprintf("%q", claims))
		}
	})
}
