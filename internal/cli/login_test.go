package cli

import (
	"testing"
	"time"
)

func TestALoginWaitsAsLongAsWasSaidElseAsLongAsItsCodeLives(t *testing.T) {
	for name, c := range map[string]struct {
		grant string
		said  bool
		ends  bool
	}{
		"a browser":              {"authorization_code", false, true},
		"a key that is shown":    {"api_key", false, true},
		"a device":               {"device_code", false, false},
		"a device of the person": {"ciba", false, false},
		"a device, so long":      {"device_code", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := (&loginOptions{timeout: time.Minute, timeoutSaid: c.said}).patience(t.Context(), c.grant)
			defer cancel()
			if _, ends := ctx.Deadline(); ends != c.ends {
				t.Errorf("it ends by itself: %t", ends)
			}
		})
	}
}
