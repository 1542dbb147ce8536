package httpx

import (
	"encoding/json"
	"strings"
	"testing"
)

func FuzzClaims(f *testing.F) {
	f.Add("eyJhIjoxfQ==")
	f.Add("e30")
	f.Add("bnVsbA")
	f.Fuzz(func(t *testing.T, text string) {
		if claims := decodeClaims(text); claims != "" && (!json.Valid([]byte(claims)) || !strings.Contains(claims, "{")) {
			t.Fatalf("%q gives %q", text, claims)
		}
	})
}
