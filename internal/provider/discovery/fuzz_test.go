package discovery_test

import (
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/provider/discovery"
)

func FuzzParse(f *testing.F) {
	const issuer = "https://idp.example.com"
	f.Add([]byte(metadata(issuer, `,"mtls_endpoint_aliases":{"token_endpoint":"https://m.example.com"},"scopes_supported":["a"]`)))
	f.Add([]byte(metadata(issuer, `,"issuer":"https://evil.example.com"`)))
	f.Add([]byte("\ufeff" + metadata(issuer, "") + " "))
	f.Add([]byte(`{"issuer":"https://idp.example.com/"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := discovery.Parse(data, issuer)
		if err != nil {
			if e := fault.From(err); e.Kind != fault.Policy && e.Kind != fault.Protocol {
				t.Fatalf("kind %v: %v", e.Kind, err)
			}
			return
		}
		if d.Issuer != issuer {
			t.Fatalf("issuer %q", d.Issuer)
		}
		for _, word := range append(append(d.Grants, d.ClientAuth...), d.Scopes...) {
			if strings.ContainsFunc(word, func(r rune) bool { return r <= ' ' || r > '~' }) {
				t.Fatalf("word %q", word)
			}
		}
	})
}
