package jose_test

import (
	"encoding/base64"
	"testing"

	"github.com/authctl/authctl/internal/jose"
	"github.com/authctl/authctl/internal/secret"
)

func TestTheIDTokenOfARefreshIsOfTheSameLogin(t *testing.T) {
	token := func(claims string) secret.String {
		return secret.New("e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln")
	}
	former := token(`{"iss":"https://idp","sub":"me","aud":["c","d"]}`)
	for claims, want := range map[string]bool{
		`{"iss":"https://idp","sub":"me","aud":["d","c","e"],"exp":1}`:     true,
		`{"iss":"https://evil","sub":"me","aud":["c","d"]}`:                false,
		`{"iss":"https://idp","sub":"mallory","aud":["c","d"]}`:            false,
		`{"iss":"https://idp","sub":"me","aud":"c"}`:                       false,
		`{"iss":"https://idp","aud":["c","d"]}`:                            false,
		`{"iss":"https://idp","sub":"me","sub":"mallory","aud":["c","d"]}`: false,
		`{"iss":"https://idp","Sub":"me","sub":7,"aud":["c","d"]}`:         false,
		`not even JSON`: false,
	} {
		if got := jose.SameLogin(former, token(claims)); got != want {
			t.Errorf("%s: %v", claims, got)
		}
	}
	if jose.SameLogin(former, secret.New("junk")) || !jose.SameLogin(secret.New("junk"), former) {
		t.Error("junk is taken for an id_token, or compared with one")
	}
}
