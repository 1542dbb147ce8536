package grant_test

import (
	"context"
	"testing"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/jose"
	"github.com/authctl/authctl/internal/secret"
)

// A secret may be what a command prints or a person types: a login of many requests asks for it once. A JWT that was
// made elsewhere serves once, and is read again.
func TestALoginReadsOnceWhatProvesTheClient(t *testing.T) {
	key := generate(t, "ES256")
	var reads int
	proof := func(context.Context) (secret.String, error) { reads++; return secret.New("s3cret-s3cret"), nil }
	signing := &grant.Signing{Client: "c", Key: func(context.Context) (*jose.Key, *jose.ServiceAccount, error) { reads++; return key, nil, nil }}
	hmac := &grant.Signing{Client: "c", Key: grant.SecretKey(proof, "HS256")}
	for name, c := range map[string]struct {
		auth grant.ClientAuth
		want int
	}{
		"basic": {grant.Basic("c", proof, grant.Form), 1}, "post": {grant.Post("c", proof), 1},
		"key": {grant.ByAssertion("c", signing.Assertion), 1}, "secret that signs": {grant.ByAssertion("c", hmac.Assertion), 1},
		"ready JWT": {grant.ByAssertion("c", grant.Ready(proof)), 4},
	} {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, authtest.JSON(200, deviceReply), pending("authorization_pending"), pending("slow_down"), authtest.Token("tok", 60),
				authtest.JSON(200, deviceReply), authtest.Token("tok", 60))
			g := deviceGrant(s, &clock{})
			g.Auth, reads = c.auth, 0
			if _, err := login(t, g, &human{}); err != nil || reads != c.want {
				t.Fatalf("read %d times, want %d: %v", reads, c.want, err)
			}
			seen := map[string]bool{}
			for _, r := range s.Requests() {
				if jwt := form(t, r).Get("client_assertion"); jwt != "" && c.want == 1 && seen[jwt] {
					t.Error("an assertion was sent twice")
				} else {
					seen[jwt] = true
				}
			}
			if len(s.Requests()) != 4 {
				t.Errorf("%d requests", len(s.Requests()))
			}
			if _, err := login(t, g, &human{}); err != nil || reads != c.want+min(c.want, 2) {
				t.Errorf("the next login: read %d times in all: %v", reads, err)
			}
		})
	}
}

func TestEachTokenRequestWithoutALoginReadsItsSecretAnew(t *testing.T) {
	var reads int
	proof := func(context.Context) (secret.String, error) { reads++; return secret.New("s3cret-s3cret"), nil }
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	g := &grant.ClientCredentials{Config: at(s, grant.Post("c", proof))}
	for range 2 {
		if _, err := g.Token(t.Context(), grant.Ask{}); err != nil {
			t.Fatal(err)
		}
	}
	if reads != 2 || len(s.Requests()) != 2 {
		t.Errorf("read %d times for %d requests", reads, len(s.Requests()))
	}
}
