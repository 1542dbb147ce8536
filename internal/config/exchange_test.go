package config_test

import (
	"fmt"
	"strings"
	"testing"
)

func exchanging(name, subject, actor string) string {
	text := "  - name: " + name + "\n    provider: oauth2\n"
	if subject != "" {
		text += "    subject_token: {profile: " + subject + "}\n"
	}
	if actor != "" {
		text += "    actor_token: {profile: " + actor + "}\n"
	}
	return text
}

func TestACircleOfExchangesIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"of two":      {exchanging("a", "b", "") + exchanging("b", "a", ""), `:7: profile "b": subject_token.profile: the profile would need its own token: a -> b -> a`},
		"of three":    {exchanging("a", "b", "") + exchanging("b", "c", "") + exchanging("c", "", "a"), `:10: profile "c": actor_token.profile: the profile would need its own token: a -> b -> c -> a`},
		"aside":       {exchanging("a", "b", "") + exchanging("b", "", "b"), `:7: profile "b": actor_token.profile: the profile would need its own token: b -> b`},
		"by an actor": {exchanging("a", "c", "b") + exchanging("b", "a", "") + exchanging("c", "", ""), `the profile would need its own token: a -> b -> a`},
		"to nobody":   {exchanging("a", "b", "") + exchanging("b", "B", ""), `:7: profile "b": subject_token.profile: there is no such profile | profiles: a, b`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, "profiles:\n"+c.text)
			if got := refused(t, err); !strings.Contains(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestTwoWaysToOneProfileAreNoCircle(t *testing.T) {
	mustLoad(t, "profiles:\n"+exchanging("a", "b", "c")+exchanging("b", "d", "d")+exchanging("c", "d", "b")+exchanging("d", "", ""))
}

func TestALongChainOfExchangesEndsInTime(t *testing.T) {
	var b strings.Builder
	b.WriteString("profiles:\n")
	for i := range 999 {
		next := fmt.Sprintf("p%d", i+1)
		b.WriteString(exchanging(fmt.Sprintf("p%d", i), next, next))
	}
	mustLoad(t, b.String()+exchanging("p999", "", ""))
}
